package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockSuffix names the lock file, next to the database.
const lockSuffix = ".lock"

// lockFile is the one-server lock: flock(2) on a file of its own, because SQLite's locks come and go with its
// transactions. The kernel drops it with the process, however that ends, so the file that stays behind means
// nothing. It is never removed: whoever unlinks a lock file may unlink one that another process has just locked.
type lockFile struct {
	f *os.File
}

// lock takes the one-server lock of the database at path without waiting. The error has exit code 75 when another
// process, or this one, holds it, and 73 when the lock file cannot be made.
func lock(path string) (*lockFile, error) {
	name := path + lockSuffix
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, explainFile("open", name, filepath.Dir(name), err)
	}
	err = retryInterrupted(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		defer f.Close()
		return nil, &Error{
			what: fmt.Sprintf("another server%s is running on %s (%s is locked)", holder(f), path, name),
			todo: "stop it, or name another database",
			code: exitRunning,
		}
	}
	if err != nil {
		f.Close()
		return nil, explainFile("lock", name, filepath.Dir(name), err)
	}
	// The number only helps people; the lock holds without it, even on a full disk.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return &lockFile{f: f}, nil
}

// release gives the lock up.
func (l *lockFile) release() error { return l.f.Close() }

// holder returns " (process N)" if the lock file says so.
func holder(f *os.File) string {
	b := make([]byte, 32)
	n, _ := f.ReadAt(b, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil || pid <= 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

// retryInterrupted calls f until it does not fail with EINTR.
func retryInterrupted(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
