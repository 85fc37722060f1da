package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// vanished refuses a database whose file is missing or empty although a server has been started on it, and one that is
// another file than the witness knows while the -wal of the former lies beside it. It looks at the files and opens none but
// the witness, because SQLite deletes the -wal beside an empty file, and writes it into any other.
//
// The device does not count: it may be another one after the machine was started again. Without a -wal another file is a
// restored one, which Begin finds out; and without a witness there is nothing to tell it by.
func vanished(path string) error {
	st, err := stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing || !missing && st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil // refused for that
	}
	wal := sizeOf(path+"-wal") > 0
	if missing || st.Size == 0 {
		return emptied(path, missing, wal)
	}
	seen, err := readWitness(path + witnessSuffix)
	if err != nil || seen.inode == st.Ino || !wal {
		return nil
	}
	return &Error{
		what: fmt.Sprintf("open %s: a copy was put over the database (it was inode %d and is inode %d), and %s-wal is of the former one",
			path, seen.inode, st.Ino, path),
		todo: fmt.Sprintf("put the former file back, or the copy with chatme restore --replace; to serve the copy and lose what is in the -wal, move %s away; if all of it was moved here together, remove %s",
			beside(path, "-wal", "-shm"), path+witnessSuffix),
		code:       exitData,
		identified: true,
	}
}

// emptied refuses a database that is missing or empty, unless it never was anything else.
func emptied(path string, missing, wal bool) error {
	_, err := os.Lstat(path + witnessSuffix)
	witness := err == nil
	if !witness && !wal {
		return nil
	}
	state, traces := "is empty", []string{}
	if missing {
		state = "is missing"
	}
	if wal {
		traces = append(traces, path+"-wal holds its last changes")
	}
	if witness {
		traces = append(traces, path+witnessSuffix+" says that it was in use")
	}
	return &Error{
		what: fmt.Sprintf("open %s: the database %s, but %s", path, state, strings.Join(traces, " and ")),
		todo: fmt.Sprintf("put the file back (is its disk mounted?), or a backup with chatme restore --replace; only to give up all that it held and begin with an empty one, remove %s",
			beside(path, "-wal", "-shm", "-journal", witnessSuffix)),
		code:       exitData,
		identified: true,
	}
}

// sizeOf is the size of a file in bytes, 0 if it is not there.
func sizeOf(name string) int64 {
	st, err := stat(name)
	if err != nil {
		return 0
	}
	return st.Size
}

// beside lists, of the files with these suffixes, those that are there.
func beside(path string, suffixes ...string) string {
	var there []string
	for _, suffix := range suffixes {
		if _, err := os.Lstat(path + suffix); err == nil {
			there = append(there, path+suffix)
		}
	}
	if last := len(there) - 1; last > 0 {
		return strings.Join(there[:last], ", ") + " and " + there[last]
	}
	return strings.Join(there, "")
}

// Sound refuses a database whose file is missing or empty although a server has been started on it, one that does not belong to
// the -wal beside it, and one that is not what the server that runs on it has open. The error is an *Error with exit code 65,
// or 73 for a symbolic link in the place of a file that SQLite makes.
func Sound(ctx context.Context, path string) error {
	path, err := resolve(path)
	if err != nil {
		return err
	}
	return sound(ctx, path, DefaultBusyTimeout)
}

// sound refuses what SQLite must not open to look at a database, and one that is not what the server that runs on it serves.
func sound(ctx context.Context, path string, busy time.Duration) error {
	if err := refuseLinks(path); err != nil {
		return err
	}
	if err := unserved(path); err != nil {
		return err
	}
	if err := vanished(path); err != nil {
		return err
	}
	return refuseLeftover(ctx, path, busy)
}

// rescue is what to do while a server runs on files that are no longer there.
const rescue = `move it back; or save what the server still has open ("The database has vanished" in docs/operations.md) before it ends`

// restartInOrder is what to do about a -wal or -shm that was removed.
const restartInOrder = "stop the server in order, which takes the last changes into the database, and start it again"

// unserved refuses a database of which a running server has other files open than those that are there.
func unserved(path string) error {
	pid, err := Holder(path)
	if err != nil || pid == 0 {
		return nil
	}
	seen, err := readWitness(path + witnessSuffix)
	if err != nil || !seen.marked || seen.stopped {
		return nil // it has not begun, or ends
	}
	what, todo := "", rescue
	st, err := stat(path)
	_, errWAL := stat(path + "-wal")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		what = path + " was removed"
	case err != nil:
		return nil // refused for that
	case st.Ino != seen.inode:
		what = path + " was replaced by another file"
	case st.Size == 0:
		what = path + " was emptied"
	case errors.Is(errWAL, fs.ErrNotExist):
		what, todo = path+"-wal was removed", restartInOrder
	default:
		return nil
	}
	return &Error{what: fmt.Sprintf("%s while a server (process %d) runs on it", what, pid), todo: todo, code: exitData, identified: true}
}
