package dbfile

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

// Error says in one line what went wrong and what to do about it. If it is neither Damaged nor Foreign, it says nothing about
// the file.
type Error struct {
	What    string // what was being done to which file, and the result
	Todo    string // what to do; may be empty
	Code    int    // exit code of a program that gives up because of it
	Retry   bool   // nothing was committed, and the same call may succeed later
	Foreign bool   // the file was read well enough to know that it is another program's, or of a newer chatme
	Damaged bool   // the file was read well enough to know that it is damaged, or not a database at all
	Err     error  // the cause, or nil
}

// Error returns one line, even if the cause has several.
func (e *Error) Error() string {
	s := e.Cause()
	if e.Todo != "" {
		s += "; " + e.Todo
	}
	return strings.Join(strings.Fields(s), " ")
}

// Cause returns the line without the remedy.
func (e *Error) Cause() string {
	s := e.What
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return strings.Join(strings.Fields(s), " ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode returns the exit code of a program that gives up because of this error.
func (e *Error) ExitCode() int { return e.Code }

// Refused reports whether the database was recognized as one that must not be opened, whatever else failed.
func (e *Error) Refused() bool { return e.Foreign }

// Transient reports whether nothing was committed and the same call may succeed later: the disk was full or another
// program held the write lock.
func (e *Error) Transient() bool { return e.Retry }

// DiskFull reports whether the disk was full.
func (e *Error) DiskFull() bool { return ResultCode(e.Err) == sqlite3.SQLITE_FULL }

// ResultCode returns the primary SQLite result code in err, or -1. https://sqlite.org/rescode.html
func ResultCode(err error) int {
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

// Explain turns what SQLite or the driver returned while doing op to the file at path into an *Error. A cause that is
// already an *Error is returned unchanged.
func Explain(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{What: op + " " + path, Code: exit.Failure, Err: err}
	switch ResultCode(err) {
	case sqlite3.SQLITE_BUSY:
		e.Code, e.Retry = exit.AlreadyRunning, true
		e.Todo = "another program holds the write lock: close it (perhaps a sqlite3 shell with an open transaction)"
	case sqlite3.SQLITE_FULL:
		e.Code, e.Retry = exit.NotWritable, true
		e.Todo = "free some space"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		e.Code = exit.NotWritable
		e.Todo = "make the file and its directory readable and writable for the user that runs the server"
	case sqlite3.SQLITE_CORRUPT: // also a page that the disk cannot read, EIO
		e.Code, e.Damaged = exit.BadDatabase, true
		e.Todo = "check the disk, then " + RestoreBackup
	case sqlite3.SQLITE_NOTADB:
		e.Code, e.Damaged = exit.BadDatabase, true
		e.Todo = NotOurs
	case sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS:
		e.Code, e.Todo = exit.NotWritable, localDisk
	case sqlite3.SQLITE_IOERR:
		e.Code = exit.IO
		e.Todo = "check the disk"
		switch extendedCode(err) {
		case sqlite3.SQLITE_IOERR_SHMSIZE: // the -shm file cannot be made larger
			e.Code, e.Todo = exit.NotWritable, "free some space, or check the disk"
		case sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMLOCK, sqlite3.SQLITE_IOERR_LOCK,
			sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_UNLOCK, sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK, sqlite3.SQLITE_IOERR_BLOCKED:
			e.Code, e.Todo = exit.NotWritable, localDisk
		}
	}
	return e
}

// localDisk is the remedy for a file system without locks or shared memory. The disk itself is fine.
const localDisk = "this file system does not have the locks or the shared memory that SQLite needs: put the database on a local disk (ext4, xfs, btrfs), not on a network share"

// RestoreBackup is the remedy for a file that cannot be trusted.
const RestoreBackup = "restore a backup (chatme restore), or move the file away to start with an empty database"

// NotOurs is the remedy for a file that is not a database.
const NotOurs = "check the path; if this was chatme's database, restore a backup (chatme restore)"

// unknownCause is the remedy for an error whose cause is unknown: it does not prove that the file is damaged.
const unknownCause = `nothing was changed; run "chatme doctor", and if it finds nothing, report a bug`

// lacking is SQLite's message for a table or a column that a query of chatme's does not find. The message is longer if
// the query is that of an operator's view or trigger.
var lacking = regexp.MustCompile(`^SQL logic error: no such (?:table|column): \S+ \(1\)$`)

// ExplainRead is explain for a file that is being read or migrated, where an error without a more specific reason means
// that its content is not what the program expects: it is damaged if a table is missing. Otherwise the cause is unknown.
func ExplainRead(op, path string, err error) error {
	stopped := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	err = Explain(op, path, err)
	if e, ok := err.(*Error); ok && e.Code == exit.Failure && e.Err != nil && !stopped {
		e.Code, e.Todo = exit.BadDatabase, unknownCause
		if lacking.MatchString(e.Err.Error()) {
			e.Todo, e.Damaged = RestoreBackup, true
		}
	}
	return err
}

// ExplainCommit is explain for a transaction that changes rows: only BUSY and FULL have a known outcome.
func ExplainCommit(op, path string, err error) error {
	err = Explain(op, path, err)
	e, ok := err.(*Error)
	if !ok || e.Retry {
		return err
	}
	e.Code = exit.IO
	if ResultCode(err) == sqlite3.SQLITE_CONSTRAINT {
		e.Todo = "nothing was written; report this bug and restart the server, which resumes from what is on disk"
	} else {
		e.Todo = "the outcome is unknown: restart the server, which reads what is on disk"
	}
	return err
}

// ExplainFile turns what the file system returned for path into an *Error.
func ExplainFile(op, path, dir string, err error) error {
	e := &Error{What: op + " " + path, Code: exit.NotWritable, Err: Cause(err)}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !Exists(dir):
		e.Todo = fmt.Sprintf("the directory %s must exist: create it (mkdir -p -m 0750), or name another file", dir)
	case errors.Is(err, fs.ErrExist):
		e.Todo = "remove the existing file (perhaps a dangling link), or name another file"
	case errors.Is(err, unix.EISDIR):
		e.Todo = "name a file, not a directory"
	case errors.Is(err, unix.ELOOP):
		e.Todo = fmt.Sprintf("it is a symbolic link, which chatme does not follow here: check its target (ls -l %s), then remove it", path)
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
		e.Todo = localDisk
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		e.Todo = "free some space"
	case errors.Is(err, unix.EIO):
		e.Code, e.Todo = exit.IO, "check the disk"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		e.Todo = "allow more open files (LimitNOFILE=, ulimit -n)"
	default:
		e.Todo = fmt.Sprintf("make it and the directory %s writable for the user that runs the server, or name another file", dir)
	}
	return e
}

// Cause strips the operation and path of an *fs.PathError, which the message already has.
func Cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
