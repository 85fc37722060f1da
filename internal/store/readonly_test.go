package store

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// TestReadOnly: a file or directory that the server may not write is refused. Modes do not restrict root, so the second
// process then runs as another user.
func TestReadOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		file, lock, dir os.FileMode
		want            string
	}{
		"file":      {0o444, 0o666, 0o777, "permission denied"},
		"directory": {0o666, 0o666, 0o555, "writable"}, // SQLite needs to create the -wal
		"lock file": {0o666, 0o444, 0o777, "permission denied"},
		"both":      {0o444, 0, 0o555, "permission denied"},
		"secret":    {0o000, 0o666, 0o777, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			dir := filepath.Dir(path)
			before := tree(t, dir)
			if tt.lock == 0 {
				if err := os.Remove(path + dbfile.LockSuffix); err != nil {
					t.Fatal(err)
				}
			} else if err := os.Chmod(path+dbfile.LockSuffix, tt.lock); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(dir, 0o755) })
			// Only the tested mode may restrict access: the directory above is accessible only to its creator.
			for name, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, path: tt.file, dir: tt.dir} {
				if err := os.Chmod(name, mode); err != nil {
					t.Fatal(err)
				}
			}
			cmd := helperCmd(t, "open", path)
			if os.Getuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			out, _ := cmd.Output()
			if got := cmd.ProcessState.ExitCode(); got != exit.NotWritable {
				t.Errorf("exit code %d: %s", got, out)
			}
			if n := bytes.Count(out, []byte("\n")); n != 1 || !bytes.Contains(out, []byte(tt.want)) {
				t.Errorf("%q, want one line with %q", out, tt.want)
			}
			os.Chmod(path, 0o644)
			if after := tree(t, dir); !maps.Equal(after, before) {
				t.Errorf("files changed: %q, were %q", names(after), names(before))
			}
		})
	}
}
