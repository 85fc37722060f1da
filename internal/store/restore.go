package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"golang.org/x/sys/unix"

	"chatme/migrations"
)

// RestoreConfig says what to restore, and where.
type RestoreConfig struct {
	Path   string // the database; its directory must exist
	Source string // a database file
	// Fetch, unless it is nil, writes the database to restore to a file, and Source only describes it. Fetch is called
	// once nothing else prevents the restore.
	Fetch func(ctx context.Context, target string) error
	// Replace puts an existing database aside. Otherwise Restore refuses to run.
	Replace bool
}

// Restored describes what was restored.
type Restored struct {
	Contents
	Path  string // absolute, links resolved
	Aside string // where the old database is now; "" if there was none
}

// restoreOver is the remedy when the database already exists.
const restoreOver = "replace it with --replace, which keeps the old one, or name another file"

// Restore puts a copy of a database in place of r.Path, where no server may run. The next start there has a new epoch,
// whatever the copy is, even one of the same file: the old witness is deleted. The source is checked from end to end and
// is not changed. At every moment either the whole old database or the new one is there; only an old one that SQLite
// cannot read first loses its WAL, and is then moved. The error is an *Error with exit code 65 (the source is corrupt,
// foreign or newer), 73 (a database exists, or no space), 75 (a program has it open) or 78 (no such source).
func Restore(ctx context.Context, r RestoreConfig) (Restored, error) {
	path, err := dbfile.Resolve(r.Path)
	if err != nil {
		return Restored{}, err
	}
	source := r.Source
	if r.Fetch == nil {
		if source, err = dbfile.Resolve(source); err != nil {
			return Restored{}, err
		}
		if err := differ(path, source); err != nil {
			return Restored{}, err
		}
	}
	held, err := dbfile.Lock(path)
	if err != nil {
		return Restored{}, err
	}
	defer held.Release()
	if err := own(path, path+dbfile.LockSuffix); err != nil {
		return Restored{}, err
	}
	if err := dbfile.RefuseLinks(path); err != nil {
		return Restored{}, err
	}
	if isFile(path) {
		if err := held.Take(); err != nil {
			return Restored{}, err
		}
	}
	if dbfile.Exists(path) && !r.Replace {
		return Restored{}, &dbfile.Error{What: fmt.Sprintf("restore %s: it already exists", path), Todo: restoreOver, Code: exit.NotWritable}
	}
	if r.Fetch != nil {
		dir, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+partInfix+"*")
		if err != nil {
			return Restored{}, dbfile.ExplainFile("make", path+partInfix, filepath.Dir(path), err)
		}
		defer os.RemoveAll(dir)
		source = filepath.Join(dir, "fetched.db")
		if err := r.Fetch(ctx, source); err != nil {
			return Restored{}, err
		}
	}
	part := partOf(path)
	defer os.Remove(part)
	done := Restored{Path: path}
	if done.Contents, err = copySource(ctx, source, part); err != nil {
		return Restored{}, err
	}
	if err := own(path, part); err != nil {
		return Restored{}, err
	}
	done.Aside, err = swap(ctx, part, path)
	return done, err
}

// differ refuses a source that is the database itself.
func differ(path, source string) error {
	a, errA := os.Stat(path)
	b, errB := os.Stat(source)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return &dbfile.Error{What: fmt.Sprintf("restore %s from itself", path), Todo: "name the backup", Code: exit.Config}
	}
	return nil
}

// copySource checks the database source from end to end and copies it to part.
func copySource(ctx context.Context, source, part string) (Contents, error) {
	if err := present(source); err != nil {
		return Contents{}, err
	}
	plan, err := newPlan(migrations.FS)
	if err != nil {
		return Contents{}, err
	}
	// As at a start: without a -wal or -journal, reading the file leaves no trace beside it.
	immutable := !dbfile.Exists(source+"-wal") && !dbfile.Exists(source+"-journal")
	mode := "ro"
	if dbfile.Exists(source + "-journal") {
		mode = "rw"
	}
	err = withFile(source, dbfile.CheckDSN(source, mode, immutable, DefaultBusyTimeout), func(db *sql.DB) error {
		version, err := identify(ctx, db, source, plan.latest())
		switch {
		case err != nil:
			return notToRestore(err)
		case version == 0:
			return &dbfile.Error{What: source + ": an empty database", Todo: restoreAnother, Code: exit.BadDatabase}
		}
		if err := integrityCheck(ctx, db, source); err != nil {
			return notToRestore(err)
		}
		return dbfile.ExplainRead("copy", source, vacuumInto(ctx, db, part))
	})
	if err != nil {
		return Contents{}, err
	}
	return verify(ctx, part, quickCheck)
}

// restoreAnother is the remedy for an unusable source.
const restoreAnother = "restore from another backup"

// notToRestore returns err, an error about a source, with a remedy that fits a source.
func notToRestore(err error) error {
	if e, ok := errors.AsType[*dbfile.Error](err); ok && e.Code == exit.BadDatabase && !e.Foreign {
		e.Todo = restoreAnother
	}
	return err
}

// own gives a file that root created beside the database to the owner of the database or, if there is none, of the
// directory: the server runs as that user. It does not follow a link, for the directory may belong to another user.
func own(path, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	var of unix.Stat_t
	if unix.Stat(path, &of) != nil {
		if err := unix.Stat(filepath.Dir(path), &of); err != nil {
			return dbfile.ExplainFile("look at", filepath.Dir(path), path, err)
		}
	}
	if err := os.Lchown(name, int(of.Uid), int(of.Gid)); err != nil {
		return dbfile.ExplainFile("change the owner of", name, filepath.Dir(name), err)
	}
	return nil
}

// replacedInfix separates the name of the database from the time when it was put aside.
const replacedInfix = ".replaced-"

// swap puts part in place of path and returns where the old database is now.
func swap(ctx context.Context, part, path string) (aside string, err error) {
	dir, there := filepath.Dir(path), dbfile.Exists(path)
	switch {
	case there && apart(ctx, path):
		err = recognize(ctx, path)
	case there:
		err = checkpointOld(ctx, path)
	default:
		// The new file may get the inode of the old one. Without a witness, a start in between would begin with an empty
		// database.
		err = witness{}.write(path + witnessSuffix)
	}
	if err != nil {
		return "", err
	}
	name := path + replacedInfix + stamp(time.Now())
	if there {
		if err := os.Link(path, name); err != nil {
			return "", dbfile.ExplainFile("put aside", path, dir, err)
		}
		aside = name
	}
	for _, suffix := range dbfile.SideFiles {
		if err := os.Rename(path+suffix, name+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return aside, dbfile.ExplainFile("put aside", path+suffix, dir, err)
		}
	}
	if err := syncDir(dir); err != nil {
		return aside, err
	}
	if err := os.Rename(part, path); err != nil {
		return aside, dbfile.ExplainFile("restore", path, dir, err)
	}
	if err := syncDir(dir); err != nil {
		return aside, err
	}
	// The old file still has its inode, so its witness does not fit the new one. Without a witness the new file is
	// certain to be considered restored.
	return aside, dropWitness(path)
}

func dropWitness(path string) error {
	for _, name := range []string{path + witnessSuffix, path + witnessSuffix + ".part"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return dbfile.ExplainFile("remove", name, filepath.Dir(name), err)
		}
	}
	return syncDir(filepath.Dir(path))
}
