package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"chatme/internal/exit"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Error says in one line what went wrong and what to do about it.
type Error struct {
	what       string // what was being done to which file, and the result
	todo       string // what to do; may be empty
	code       int
	transient  bool
	identified bool  // the file was read well enough to know that it is another program's, or newer
	damaged    bool  // the file was read well enough to know that it is damaged
	err        error // the cause, or nil
}

// Error returns one line, even if the cause has several.
func (e *Error) Error() string {
	s := e.Cause()
	if e.todo != "" {
		s += "; " + e.todo
	}
	return strings.Join(strings.Fields(s), " ")
}

// Cause returns the line without the remedy.
func (e *Error) Cause() string {
	s := e.what
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return strings.Join(strings.Fields(s), " ")
}

// Damaged reports whether the file was found to be damaged, or not a database at all. An error that is neither Damaged
// nor Foreign says nothing about the file.
func (e *Error) Damaged() bool { return e.damaged }

// Foreign reports whether the file was found to belong to another program, or to a newer chatme.
func (e *Error) Foreign() bool { return e.identified }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// ExitCode returns the exit code of a program that gives up because of this error.
func (e *Error) ExitCode() int { return e.code }

// Refused reports whether the database was recognized as one that must not be opened, whatever else failed.
func (e *Error) Refused() bool { return e.identified }

// Transient reports whether nothing was committed and the same call may succeed later: the disk was full or another
// program held the write lock.
func (e *Error) Transient() bool { return e.transient }

// DiskFull reports whether the disk was full.
func (e *Error) DiskFull() bool { return resultCode(e.err) == sqlite3.SQLITE_FULL }

// resultCode returns the primary SQLite result code in err, or -1. https://sqlite.org/rescode.html
func resultCode(err error) int {
	if code := extendedCode(err); code >= 0 {
		return code & 0xff
	}
	return -1
}

// extendedCode returns the extended SQLite result code in err, or -1.
func extendedCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return -1
}

// explain turns what SQLite or the driver returned while doing op to the file at path into an *Error. A cause that is
// already an *Error is returned unchanged.
func explain(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{what: op + " " + path, code: exit.Failure, err: err}
	switch resultCode(err) {
	case sqlite3.SQLITE_BUSY:
		e.code, e.transient = exit.AlreadyRunning, true
		e.todo = "another program holds the write lock: close it (perhaps a sqlite3 shell with an open transaction)"
	case sqlite3.SQLITE_FULL:
		e.code, e.transient = exit.NotWritable, true
		e.todo = "free some space"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		e.code = exit.NotWritable
		e.todo = "make the file and its directory readable and writable for the user that runs the server"
	case sqlite3.SQLITE_CORRUPT: // also a page that the disk cannot read, EIO
		e.code, e.damaged = exit.BadDatabase, true
		e.todo = "check the disk, then " + restore
	case sqlite3.SQLITE_NOTADB:
		e.code, e.damaged = exit.BadDatabase, true
		e.todo = notOurs
	case sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS:
		e.code, e.todo = exit.NotWritable, localDisk
	case sqlite3.SQLITE_IOERR:
		e.code = exit.IO
		e.todo = "check the disk"
		switch extendedCode(err) {
		case sqlite3.SQLITE_IOERR_SHMSIZE: // the -shm file cannot be made larger
			e.code, e.todo = exit.NotWritable, "free some space, or check the disk"
		case sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMLOCK, sqlite3.SQLITE_IOERR_LOCK,
			sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_UNLOCK, sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK, sqlite3.SQLITE_IOERR_BLOCKED:
			e.code, e.todo = exit.NotWritable, localDisk
		}
	}
	return e
}

// localDisk is the remedy for a file system without locks or shared memory. The disk itself is fine.
const localDisk = "this file system does not have the locks or the shared memory that SQLite needs: put the database on a local disk (ext4, xfs, btrfs), not on a network share"

// restore is the remedy for a file that cannot be trusted.
const restore = "restore a backup (chatme restore), or move the file away to start with an empty database"

// notOurs is the remedy for a file that is not a database.
const notOurs = "check the path; if this was chatme's database, restore a backup (chatme restore)"

// unknown is the remedy for an error whose cause is unknown: it does not prove that the file is damaged.
const unknown = `nothing was changed; run "chatme doctor", and if it finds nothing, report a bug`

// lacking is SQLite's message for a table or a column that a query of chatme's does not find. The message is longer if
// the query is that of an operator's view or trigger.
var lacking = regexp.MustCompile(`^SQL logic error: no such (?:table|column): \S+ \(1\)$`)

// explainRead is explain for a file that is being read or migrated, where an error without a more specific reason means
// that its content is not what the program expects: it is damaged if a table is missing. Otherwise the cause is unknown.
func explainRead(op, path string, err error) error {
	stopped := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	err = explain(op, path, err)
	if e, ok := err.(*Error); ok && e.code == exit.Failure && e.err != nil && !stopped {
		e.code, e.todo = exit.BadDatabase, unknown
		if lacking.MatchString(e.err.Error()) {
			e.todo, e.damaged = restore, true
		}
	}
	return err
}

// explainCommit is explain for a transaction that changes rows: only BUSY and FULL have a known outcome.
func explainCommit(op, path string, err error) error {
	err = explain(op, path, err)
	e, ok := err.(*Error)
	if !ok || e.transient {
		return err
	}
	e.code = exit.IO
	if resultCode(err) == sqlite3.SQLITE_CONSTRAINT {
		e.todo = "nothing was written; report this bug and restart the server, which resumes from what is on disk"
	} else {
		e.todo = "the outcome is unknown: restart the server, which reads what is on disk"
	}
	return err
}

// explainFile turns what the file system returned for path into an *Error.
func explainFile(op, path, dir string, err error) error {
	e := &Error{what: op + " " + path, code: exit.NotWritable, err: cause(err)}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(dir):
		e.todo = fmt.Sprintf("the directory %s must exist: create it (mkdir -p -m 0750), or name another file", dir)
	case errors.Is(err, fs.ErrExist):
		e.todo = "remove the existing file (perhaps a dangling link), or name another file"
	case errors.Is(err, unix.EISDIR):
		e.todo = "name a file, not a directory"
	case errors.Is(err, unix.ELOOP):
		e.todo = fmt.Sprintf("it is a symbolic link, which chatme does not follow here: check its target (ls -l %s), then remove it", path)
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
		e.todo = localDisk
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		e.todo = "free some space"
	case errors.Is(err, unix.EIO):
		e.code, e.todo = exit.IO, "check the disk"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		e.todo = "allow more open files (LimitNOFILE=, ulimit -n)"
	default:
		e.todo = fmt.Sprintf("make it and the directory %s writable for the user that runs the server, or name another file", dir)
	}
	return e
}

// cause strips the operation and path of an *fs.PathError, which the message already has.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
