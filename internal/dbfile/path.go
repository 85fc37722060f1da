package dbfile

import (
	"os"
	"path/filepath"
)

// Resolve returns path absolute and without links, so that two names of one file share a lock.
func Resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", ExplainFile("find", path, filepath.Dir(path), err)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", ExplainFile("open", abs, filepath.Dir(abs), err)
	}
	abs = filepath.Join(dir, filepath.Base(abs))
	if file, err := filepath.EvalSymlinks(abs); err == nil {
		return file, nil
	}
	return abs, nil
}

// Exists reports whether there is a file at path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// SideFiles are the files that SQLite may have beside a database. They are moved aside in this order: without the first
// the others mean nothing.
var SideFiles = [...]string{"-wal", "-journal", "-shm"}
