package dbfile

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Holder returns the process that has the one-server lock of the database at path, also through another name of the
// file, or 0 if none has. It does not try the lock: that would hold it for a moment, and a server that starts in that
// moment would give up.
func Holder(path string) (pid int, err error) {
	path, err = Resolve(path)
	if err != nil {
		return 0, err
	}
	name := path + LockSuffix
	for _, locked := range []string{name, path} {
		st, err := Stat(locked)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return 0, fmt.Errorf("look at %s: %w", locked, err)
		}
		noted := 0
		if locked == name {
			noted = notedHolder(name)
		}
		if pid, err := holderOf(IDOf(&st), noted); pid != 0 || err != nil {
			return pid, err
		}
	}
	return 0, nil
}

// holderOf returns the process that has locked the file id with flock(2), as far as the kernel reports it. The process
// noted is accepted even if the device differs.
func holderOf(id FileID, noted int) (pid int, err error) {
	locks, err := os.Open("/proc/locks") // proc_locks(5)
	if err != nil {
		return 0, err
	}
	defer locks.Close()
	lines := bufio.NewScanner(locks)
	for lines.Scan() {
		if pid, ok := flockHolder(lines.Text(), id.device, id.inode, noted); ok {
			return pid, nil
		}
	}
	return 0, lines.Err()
}

// notedHolder returns the number that the last holder wrote into the lock file. The device that the file system reports
// for the file can differ from that in the kernel's list of locks.
func notedHolder(name string) int {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	return max(notedIn(f), 0)
}

// flockHolder parses one line of the kernel's list, such as "1: FLOCK  ADVISORY  WRITE 708 08:01:13894 0 EOF".
func flockHolder(line string, dev, inode uint64, noted int) (pid int, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[1] != "FLOCK" || fields[3] != "WRITE" {
		return 0, false
	}
	pid, err := strconv.Atoi(fields[4])
	if err != nil {
		return 0, false
	}
	var major, minor uint32
	var held uint64
	if n, _ := fmt.Sscanf(fields[5], "%x:%x:%d", &major, &minor, &held); n != 3 || held != inode {
		return 0, false
	}
	return pid, unix.Mkdev(major, minor) == dev || pid == noted
}
