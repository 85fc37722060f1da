package dbfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"chatme/internal/exit"

	"golang.org/x/sys/unix"
)

// Take locks the database file itself, which exists: a hard link or a bind mount of it has its own lock file. The
// descriptor stays open until SQLite has none (handleTable). It also checks that the file system supports what SQLite
// needs.
func (l *LockFile) Take() error {
	dir := filepath.Dir(l.path)
	f, err := os.OpenFile(l.path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return ExplainFile("open", l.path, dir, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		f.Close()
		return ExplainFile("look at", l.path, dir, err)
	}
	l.id = IDOf(&st)
	if err := Handles.claim(l.id, l.path); err != nil {
		return errors.Join(err, Handles.close(l.id, f))
	}
	l.data, l.taken = f, true
	err = flock(f)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return running(l.path, lockedBy(l.id), "the file is locked through another name of it, a hard link or a mount")
	}
	if err != nil {
		return ExplainFile("lock", l.path, dir, err)
	}
	return probe(f, l.path)
}

// lockedBy returns " (process N)" if the kernel reports which process has the file locked.
func lockedBy(id FileID) string {
	pid, err := holderOf(id, 0)
	if err != nil || pid == 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

// probe tests what SQLite needs of a file system: fcntl(2) locks that are independent of flock(2) locks, unlike on NFS,
// and shared memory. It locks a byte that SQLite does not lock, and changes nothing.
func probe(f *os.File, path string) error {
	dir := filepath.Dir(path)
	byte0 := unix.Flock_t{Type: unix.F_WRLCK, Len: 1}
	fcntl := func(cmd int) error {
		return RetryInterrupted(func() error { return unix.FcntlFlock(f.Fd(), cmd, &byte0) })
	}
	err := fcntl(unix.F_SETLK)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		if fcntl(unix.F_GETLK) == nil && byte0.Pid > 0 && int(byte0.Pid) != os.Getpid() {
			return &Error{
				What: fmt.Sprintf("open %s: another program (process %d) has locked the whole file", path, byte0.Pid),
				Todo: "close it", Code: exit.AlreadyRunning,
			}
		}
		err = errors.New("its file system treats flock and fcntl locks as one")
		return &Error{What: "lock " + path, Todo: localDisk, Code: exit.NotWritable, Err: err}
	}
	if err == nil {
		byte0.Type = unix.F_UNLCK
		err = fcntl(unix.F_SETLK)
	}
	if err != nil {
		return ExplainFile("lock", path, dir, err)
	}
	shared, err := unix.Mmap(int(f.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err == nil {
		err = unix.Munmap(shared)
	}
	if err != nil {
		return ExplainFile("share memory on", path, dir, err)
	}
	return nil
}
