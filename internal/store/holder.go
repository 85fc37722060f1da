package store

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

// Holder returns the process that has the one-server lock of the database at path, 0 if none has. It only looks: to try
// the lock would be to have it for a moment, and a server that starts in that moment would give up.
func Holder(path string) (pid int, err error) {
	path, err = resolve(path)
	if err != nil {
		return 0, err
	}
	name := path + lockSuffix
	var st unix.Stat_t
	switch err := retryInterrupted(func() error { return unix.Stat(name, &st) }); {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look at %s: %w", name, err)
	}
	locks, err := os.Open("/proc/locks") // proc_locks(5)
	if err != nil {
		return 0, err
	}
	defer locks.Close()
	noted := notedHolder(name)
	lines := bufio.NewScanner(locks)
	for lines.Scan() {
		if pid, ok := flockHolder(lines.Text(), uint64(st.Dev), st.Ino, noted); ok {
			return pid, nil
		}
	}
	return 0, lines.Err()
}

// notedHolder is the number that the last holder has written into the lock file, which another file system may show
// under another device than the kernel's list of locks.
func notedHolder(name string) int {
	content, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return pid
}

// flockHolder reads one line of the kernel's list, such as "1: FLOCK  ADVISORY  WRITE 708 08:01:13894 0 EOF".
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
