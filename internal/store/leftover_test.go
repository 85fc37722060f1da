package store

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/exit"
)

// TestCopiedOverBesideWAL: a copy was put over the database of a killed server, whose WAL is left. It is refused and not
// mixed with the WAL; without the WAL it is served, in a new epoch.
func TestCopiedOverBesideWAL(t *testing.T) {
	for name, command := range map[string]string{"in its place": "mv", "into it": "cp"} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			p.mustHold(t, p.entry(1, "hello"))
			mustCommit(t, p.Store, put(waiting(3, 1))...)
			backup := filepath.Join(t.TempDir(), "backup.db")
			if err := p.Snapshot(t.Context(), backup); err != nil {
				t.Fatal(err)
			}
			if err := p.Advance(); err != nil {
				t.Fatal(err)
			}
			path := copyLive(t, p.path)
			run(t, "cp", p.path+witnessSuffix, path+witnessSuffix)
			run(t, command, backup, path)
			before := tree(t, filepath.Dir(path))
			_, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
			wantCode(t, err, exit.BadDatabase)
			for _, want := range []string{"a copy was put over", path + "-wal", "move", "chatme restore"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v does not contain %q", err, want)
				}
			}
			if after := tree(t, filepath.Dir(path)); !maps.Equal(after, before) {
				t.Errorf("files changed: %q, were %q", names(after), names(before))
			}
			run(t, "rm", path+"-wal")
			s := MustOpen(t, path)
			if started := mustBegin(t, s); !started.Restored {
				t.Errorf("%+v", started)
			}
			p.Store, p.path = s, path
			wantAfterBegin(t, s, p, true)
		})
	}
}
