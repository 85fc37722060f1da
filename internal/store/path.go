package store

import (
	"os"
	"path/filepath"
)

// resolve returns path absolute and without links, so that two names of one file share a lock.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", explainFile("find", path, filepath.Dir(path), err)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", explainFile("open", abs, filepath.Dir(abs), err)
	}
	abs = filepath.Join(dir, filepath.Base(abs))
	if file, err := filepath.EvalSymlinks(abs); err == nil {
		return file, nil
	}
	return abs, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sideFiles are the files that SQLite may have beside a database. They are moved aside in this order: without the first
// the others mean nothing.
var sideFiles = [...]string{"-wal", "-journal", "-shm"}
