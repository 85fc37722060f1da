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
)

// partInfix stands between the name of a file and chance while it is not whole.
const partInfix = ".part-"

// Backup writes a copy of the database at path, as of one moment, to target, and returns what is in the copy. A server
// may serve the database, of this process or of another: it is read through SQLite, on a handle of its own, and waits for
// nothing. A target that exists is refused. Under its name there is nothing or the whole copy, checked and on disk, in
// mode 0640; who is killed leaves a file with ".part-" in its name. Errors are those of Look, and 73 or 74 for the target.
//
// taken, unless it is nil, is called once the copy is made and before it has its name: it is to have the server that
// serves the database, if any, Advance.
func Backup(ctx context.Context, path, target string, taken func()) (Contents, error) {
	var copied Contents
	path, err := resolve(path)
	if err != nil {
		return copied, err
	}
	if target, err = filepath.Abs(target); err != nil {
		return copied, explainFile("write", target, filepath.Dir(target), err)
	}
	if err := vacant(target); err != nil {
		return copied, err
	}
	part := partOf(target)
	err = withReader(ctx, path, func(db *sql.DB, _ int64) error { return vacuumInto(ctx, db, part) })
	if err != nil {
		return copied, explainRead("copy", path, err)
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

// vacant refuses a name that is taken, also by a link to nowhere.
func vacant(name string) error {
	_, err := os.Lstat(name)
	switch {
	case err == nil:
		return taken(name)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return explainFile("write", name, filepath.Dir(name), err)
}

func taken(name string) error {
	return &Error{what: fmt.Sprintf("write %s: it exists", name), todo: "name another file", code: exitCreate}
}

// ScratchDir makes a directory beside the database at path, for copies, and returns its name. If it is left behind, FilesOf
// lists it among the Parts.
func ScratchDir(path, purpose string) (string, error) {
	path, err := resolve(path)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+partInfix+purpose+"-*")
	if err != nil {
		return "", explainFile("make", path+partInfix+purpose, filepath.Dir(path), err)
	}
	return dir, nil
}

// partOf returns a name beside target that nobody else has.
func partOf(target string) string {
	var chance [4]byte
	rand.Read(chance[:])
	return target + partInfix + hex.EncodeToString(chance[:])
}

// verify checks a database that nobody has open and that has no WAL, and returns what is in it.
func verify(ctx context.Context, path string, check func(context.Context, *sql.DB, string) error) (found Contents, err error) {
	err = withFile(path, checkDSN(path, "ro", true, DefaultBusyTimeout), func(db *sql.DB) error {
		if err := check(ctx, db, path); err != nil {
			return err
		}
		var version int64
		if err := db.QueryRowContext(ctx, sqlSchema).Scan(&version); err != nil {
			return explainRead("look into", path, err)
		}
		found, err = contentsOf(ctx, db, version)
		return explainRead("look into", path, err)
	})
	return found, err
}

// publish gives the whole file part its name, for which nobody else has taken meanwhile, and waits for the disk.
func publish(part, target string) error {
	switch err := os.Link(part, target); {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		return taken(target)
	default: // no links here (FAT, some shares): there the moment between the two stays
		if err := vacant(target); err != nil {
			return err
		}
		if err := os.Rename(part, target); err != nil {
			return explainFile("write", target, filepath.Dir(target), err)
		}
	}
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explainFile("remove", part, filepath.Dir(part), err)
	}
	return syncDir(filepath.Dir(target))
}
