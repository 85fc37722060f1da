package dbfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"chatme/internal/exit"

	"golang.org/x/sys/unix"
)

// LockSuffix names the lock file, next to the database.
const LockSuffix = ".lock"

// maxLock is more than the size of a lock file, in bytes.
const maxLock = 32

// LockFile is the one-server lock: flock(2) on its own file, because SQLite's locks come and go with its transactions,
// and then on the database, which may have further names. The kernel drops both when the process ends, however it ends,
// so a leftover lock file means nothing. The file is never removed: unlinking it could unlink a file that another
// process has just locked.
type LockFile struct {
	f     *os.File
	path  string   // the database
	data  *os.File // of the database; nil before Take, and where the database itself is not locked
	id    FileID   // of the database, once it is taken
	taken bool
}

// Lock takes the lock file of the database at path without waiting. The error has exit code 75 when another process, or
// this one, holds it or the database, and 73 when it cannot be created. The database itself need not exist, but Take
// MUST lock it before SQLite opens it.
func Lock(path string) (*LockFile, error) {
	if err := Handles.vacant(path); err != nil {
		return nil, err
	}
	name := path + LockSuffix
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o640)
	if err != nil {
		return nil, ExplainFile("open", name, filepath.Dir(name), err)
	}
	held := notedIn(f)
	if held < 0 {
		f.Close()
		return nil, &Error{
			What: fmt.Sprintf("lock %s: it does not contain a process ID", name),
			Todo: "move it away", Code: exit.NotWritable,
		}
	}
	err = flock(f)
	if errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		by := ""
		if held > 0 {
			by = fmt.Sprintf(" (process %d)", held)
		}
		return nil, running(path, by, name+" is locked")
	}
	if err != nil {
		f.Close()
		return nil, ExplainFile("lock", name, filepath.Dir(name), err)
	}
	// The number only helps people; the lock works without it, even on a full disk.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return &LockFile{f: f, path: path}, nil
}

// Data returns the descriptor that holds the lock on the database; nil where the database itself is not locked. The caller
// must not close it.
func (l *LockFile) Data() *os.File { return l.data }

// flock locks f without waiting.
func flock(f *os.File) error {
	return RetryInterrupted(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
}

// Release releases the lock. SQLite MUST have closed the database, or stay entered in handles.
func (l *LockFile) Release() error {
	return errors.Join(l.untake(), l.f.Close())
}

// untake undoes take.
func (l *LockFile) untake() (err error) {
	if l.data != nil {
		err = errors.Join(unix.Flock(int(l.data.Fd()), unix.LOCK_UN), Handles.close(l.id, l.data))
	}
	if l.taken {
		Handles.disclaim(l.id)
	}
	l.data, l.taken = nil, false
	return err
}

// notedIn returns the process named in a lock file, 0 if none, -1 if f is not a lock file.
func notedIn(f *os.File) (pid int) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, maxLock+1))
	text := strings.TrimSpace(string(b))
	if err != nil || text == "" {
		return 0
	}
	pid, err = strconv.Atoi(text)
	if err != nil || pid <= 0 || len(b) > maxLock {
		return -1
	}
	return pid
}

// RetryInterrupted retries f while it fails with EINTR.
func RetryInterrupted(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
