package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// Snapshot writes a complete point-in-time copy of the database to target while the server runs. It refuses a target
// that exists. The copy is on disk when Snapshot returns; if Snapshot fails, it removes the copy.
func (s *Store) Snapshot(ctx context.Context, target string) error {
	target, err := filepath.Abs(target)
	if err != nil {
		return dbfile.ExplainFile("write", target, filepath.Dir(target), err)
	}
	return dbfile.Explain("copy", s.path, vacuumInto(ctx, s.reader.DB, target))
}

// sqlVacuumInto accepts a target that is an empty file. https://sqlite.org/lang_vacuum.html#vacuuminto
const sqlVacuumInto = `VACUUM INTO ?`

// vacuumInto copies the database behind db to the file target, which it creates with mode 0640.
func vacuumInto(ctx context.Context, db *sql.DB, target string) (err error) {
	if err := create(target); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &dbfile.Error{What: fmt.Sprintf("write %s: it already exists", target), Todo: "name another file", Code: exit.NotWritable}
		}
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(target)
		}
	}()
	if _, err := db.ExecContext(ctx, sqlVacuumInto, target); err != nil {
		return dbfile.Explain("write", target, err)
	}
	// VACUUM INTO does not sync the copy. The copy is a separate file, so it may be opened.
	if err := syncFile(target); err != nil {
		return err
	}
	return syncDir(filepath.Dir(target))
}

// syncFile waits until the file is on disk.
func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return dbfile.ExplainFile("sync", name, filepath.Dir(name), err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return dbfile.ExplainFile("sync", name, filepath.Dir(name), err)
	}
	return nil
}

// syncDir waits until the names in the directory are on disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return dbfile.ExplainFile("sync", dir, dir, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return dbfile.ExplainFile("sync", dir, dir, err)
	}
	return nil
}
