package recovery

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"chatme/internal/spawn"
	"chatme/internal/store"
)

// drillSpace is how many times its size a copy needs for a drill: the copy as fetched, the one that is served, its WAL,
// and what must be left over for the server that uses the disk.
const drillSpace = 4

// drillDir makes the directory of a drill: in $TMPDIR if that is set, or else next to the live database, which is the one
// directory that a container has. Without a live database, or without room next to it for a copy of it and of source, it
// uses the system's directory for temporary files.
func drillDir(live, source string) (string, error) {
	if os.Getenv("TMPDIR") != "" {
		if dir, err := spawn.ScratchDir("drill"); err == nil {
			return dir, nil
		}
	}
	beside := errors.New("no such directory, or no room")
	if hasRoom(filepath.Dir(live), drillSpace*max(fileSize(live), fileSize(source))) {
		dir, err := store.ScratchDir(live, "drill")
		if err == nil {
			return dir, nil
		}
		beside = err
	}
	dir, err := spawn.ScratchDir("drill")
	if err != nil {
		return "", fmt.Errorf("%w (next to the database %s: %v)", err, live, beside)
	}
	return dir, nil
}

// hasRoom reports whether an unprivileged user has the given number of bytes left in the file system of dir.
func hasRoom(dir string, bytes int64) bool {
	var at unix.Statfs_t
	return unix.Statfs(dir, &at) == nil && int64(at.Bavail)*int64(at.Bsize) > bytes
}

// fileSize returns the size of a file in bytes, 0 if there is none.
func fileSize(name string) int64 {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
