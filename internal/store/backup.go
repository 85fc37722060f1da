package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// partInfix separates the name of a file from a random part while the file is incomplete.
const partInfix = ".part-"

// Backup writes a point-in-time copy of the database at path to target, and returns what the copy contains. A server in
// this or another process may have the database open: Backup reads through SQLite, on its own handle, and does not block
// the server. It refuses a target that exists. The name target appears only once the copy is complete, checked and on
// disk, with mode 0640; a killed Backup leaves a file with ".part-" in its name. Errors are those of Look, and 73 or 74
// for the target.
//
// Unless it is nil, taken is called after the copy is made and before it gets its name. It must make the server that has
// the database open, if any, call Advance.
func Backup(ctx context.Context, path, target string, taken func()) (Contents, error) {
	var copied Contents
	path, err := dbfile.Resolve(path)
	if err != nil {
		return copied, err
	}
	if target, err = filepath.Abs(target); err != nil {
		return copied, dbfile.ExplainFile("write", target, filepath.Dir(target), err)
	}
	if err := vacant(target); err != nil {
		return copied, err
	}
	part := partOf(target)
	err = withReader(ctx, path, func(db *sql.DB, _ int64) error { return vacuumInto(ctx, db, part) })
	if err != nil {
		return copied, dbfile.ExplainRead("copy", path, err)
	}
	defer os.Remove(part)
	if copied, err = verify(ctx, part, quickCheck); err != nil {
		return copied, err
	}
	if taken != nil {
		taken()
	}
	return copied, publish(part, target)
}

// vacant refuses a name that exists, including a dangling link.
func vacant(name string) error {
	_, err := os.Lstat(name)
	switch {
	case err == nil:
		return taken(name)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return dbfile.ExplainFile("write", name, filepath.Dir(name), err)
}

func taken(name string) error {
	return &dbfile.Error{What: fmt.Sprintf("write %s: it already exists", name), Todo: "name another file", Code: exit.NotWritable}
}

// ScratchDir makes a directory for copies beside the database at path, and returns its name. If it is left behind,
// FilesOf lists it among the Parts.
func ScratchDir(path, purpose string) (string, error) {
	path, err := dbfile.Resolve(path)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+partInfix+purpose+"-*")
	if err != nil {
		return "", dbfile.ExplainFile("make", path+partInfix+purpose, filepath.Dir(path), err)
	}
	return dir, nil
}

// partOf returns a unique name beside target.
func partOf(target string) string {
	var chance [4]byte
	rand.Read(chance[:])
	return target + partInfix + hex.EncodeToString(chance[:])
}

// verify checks a database that no other process has open and that has no WAL, and returns its contents.
func verify(ctx context.Context, path string, check func(context.Context, *sql.DB, string) error) (found Contents, err error) {
	err = withFile(path, dbfile.CheckDSN(path, "ro", true, DefaultBusyTimeout), func(db *sql.DB) error {
		if err := check(ctx, db, path); err != nil {
			return err
		}
		var version int64
		if err := db.QueryRowContext(ctx, sqlSchema).Scan(&version); err != nil {
			return dbfile.ExplainRead("look into", path, err)
		}
		found, err = contentsOf(ctx, db, version)
		return dbfile.ExplainRead("look into", path, err)
	})
	return found, err
}

// publish gives the complete file part its name, which must still be free, and syncs the directory.
func publish(part, target string) error {
	switch err := os.Link(part, target); {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		return taken(target)
	default: // no hard links here (FAT, some shares): the check and the rename are not atomic
		if err := vacant(target); err != nil {
			return err
		}
		if err := os.Rename(part, target); err != nil {
			return dbfile.ExplainFile("write", target, filepath.Dir(target), err)
		}
	}
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dbfile.ExplainFile("remove", part, filepath.Dir(part), err)
	}
	return syncDir(filepath.Dir(target))
}
