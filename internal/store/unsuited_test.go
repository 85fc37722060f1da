package store

import (
	"fmt"
	"strings"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/internal/stage"
)

// TestUnsuitedFileSystem: a file system without locks, or without shared memory, is named as the cause, with the remedy.
// The disk is fine, and the message does not mention it.
func TestUnsuitedFileSystem(t *testing.T) {
	stage.Long(t)
	for i, fault := range []struct{ call, errno, suffix string }{
		{"mmap", "ENODEV", ""}, {"mmap", "EINVAL", ""}, {"mmap", "ENODEV", "-shm"}, {"mmap", "EINVAL", "-shm"}, {"mmap", "EOPNOTSUPP", "-shm"},
		{"flock", "ENOLCK", dbfile.LockSuffix}, {"flock", "EOPNOTSUPP", dbfile.LockSuffix}, {"flock", "ENOSYS", dbfile.LockSuffix},
		{"flock", "ENOLCK", ""}, {"flock", "EOPNOTSUPP", ""}, {"flock", "EINVAL", ""},
		{"fcntl", "ENOLCK", ""}, {"fcntl", "EOPNOTSUPP", ""}, {"fcntl", "EINVAL", ""}, {"fcntl", "ENOSYS", ""}, {"fcntl", "EAGAIN", ""},
		{"fcntl", "EINVAL", "-shm"}, {"fcntl", "EOPNOTSUPP", "-shm"}, {"fcntl", "ENOLCK", "-shm"},
		{"ftruncate", "EINVAL", "-shm"},
	} {
		name := fmt.Sprintf("%s of chatme.db%s fails with %s", fault.call, fault.suffix, fault.errno)
		path := newPath(t)
		if i%2 == 1 { // not a new database, but one left by a killed server
			path, _, _ = killedServer(t)
		}
		cmd := traced(t, fault.call, "error="+fault.errno, []string{path + fault.suffix}, "open", path)
		out, _ := cmd.Output()
		said := string(out)
		if code := cmd.ProcessState.ExitCode(); code != exit.NotWritable || !strings.Contains(said, "put the database on a local disk") || strings.Contains(said, "check the disk") {
			t.Errorf("%s: exit code %d: %s", name, code, said)
		}
	}
}
