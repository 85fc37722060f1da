package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"golang.org/x/sys/unix"
)

// vanished refuses a database whose file is missing or empty although a server has been started on it, and one that is
// not the file that the witness knows while the -wal of the previous file lies beside it. It checks the status of the
// files and opens none but the witness, because SQLite deletes the -wal beside an empty file, and writes it into any
// other.
//
// The device does not count: it may change when the machine is restarted. Without a -wal another file is a restored one,
// which Begin detects; without a witness there is nothing to compare it with.
func vanished(path string) error {
	st, err := dbfile.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing || !missing && st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil // refused elsewhere
	}
	wal := sizeOf(path+"-wal") > 0
	if missing || st.Size == 0 {
		return emptied(path, missing, wal)
	}
	seen, err := readWitness(path + witnessSuffix)
	if err != nil || seen.inode == st.Ino || !wal {
		return nil
	}
	return &dbfile.Error{
		What: fmt.Sprintf("open %s: a copy was put over the database (it was inode %d and is inode %d), and %s-wal belongs to the previous file",
			path, seen.inode, st.Ino, path),
		Todo: fmt.Sprintf("put the previous file back, or restore the copy with chatme restore --replace; to serve the copy and lose what is in the -wal, move %s away; if all the files were moved here together, remove %s",
			beside(path, "-wal", "-shm"), path+witnessSuffix),
		Code:    exit.BadDatabase,
		Foreign: true,
	}
}

// emptied refuses a database that is missing or empty, unless it was never anything else.
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
	return &dbfile.Error{
		What: fmt.Sprintf("open %s: the database %s, but %s", path, state, strings.Join(traces, " and ")),
		Todo: fmt.Sprintf("put the file back (check that its disk is mounted), or restore a backup with chatme restore --replace; to discard all its data and start with an empty database, remove %s",
			beside(path, "-wal", "-shm", "-journal", witnessSuffix)),
		Code:    exit.BadDatabase,
		Foreign: true,
	}
}

// sizeOf returns the size of a file in bytes, 0 if it does not exist.
func sizeOf(name string) int64 {
	st, err := dbfile.Stat(name)
	if err != nil {
		return 0
	}
	return st.Size
}

// beside lists the files with these suffixes that exist.
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

// Sound refuses a database whose file is missing or empty although a server has been started on it, one that does not
// belong to the -wal beside it, and one that is not the file that the running server has open. The error is an *Error
// with exit code 65, or 73 for a symbolic link in place of a file that SQLite creates.
func Sound(ctx context.Context, path string) error {
	path, err := dbfile.Resolve(path)
	if err != nil {
		return err
	}
	return sound(ctx, path, DefaultBusyTimeout)
}

// sound refuses a database that SQLite must not open even to look at it, and one that is not the file that the running
// server has open.
func sound(ctx context.Context, path string, busy time.Duration) error {
	if err := dbfile.RefuseLinks(path); err != nil {
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

// rescue is the remedy while a server runs on files that are no longer there.
const rescue = `move it back; or save what the server still has open ("The database has vanished" in docs/operations.md) before it ends`

// restartInOrder is the remedy for a -wal or -shm that was removed.
const restartInOrder = "stop the server gracefully, which writes the last changes to the database, and start it again"

// unserved refuses a database of which a running server has other files open than the current ones.
func unserved(path string) error {
	pid, err := dbfile.Holder(path)
	if err != nil || pid == 0 {
		return nil
	}
	seen, err := readWitness(path + witnessSuffix)
	if err != nil || !seen.marked || seen.stopped {
		return nil // the server has not begun, or is ending
	}
	what, todo := "", rescue
	st, err := dbfile.Stat(path)
	_, errWAL := dbfile.Stat(path + "-wal")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		what = path + " was removed"
	case err != nil:
		return nil // refused elsewhere
	case st.Ino != seen.inode:
		what = path + " was replaced by another file"
	case st.Size == 0:
		what = path + " was emptied"
	case errors.Is(errWAL, fs.ErrNotExist):
		what, todo = path+"-wal was removed", restartInOrder
	default:
		return nil
	}
	return &dbfile.Error{What: fmt.Sprintf("%s while a server (process %d) runs on it", what, pid), Todo: todo, Code: exit.BadDatabase, Foreign: true}
}
