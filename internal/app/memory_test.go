package app

import (
	"os"
	"path/filepath"
	"testing"

	"chatme/internal/config"
	"chatme/internal/testbed"
)

func TestGroupLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		self  string
		files map[string]string
		limit int64
		ok    bool
	}{
		"version 2":                 {"0::/chatme\n", map[string]string{"chatme/memory.max": "134217728\n"}, 128 << 20, true},
		"version 2 without a limit": {"0::/chatme\n", map[string]string{"chatme/memory.max": "max\n"}, 0, false},
		"version 1":                 {"4:memory:/a\n3:cpu:/\n", map[string]string{"memory/a/memory.limit_in_bytes": "1048576\n"}, 1 << 20, true},
		"version 1 without a limit": {"4:memory:/a\n", map[string]string{"memory/a/memory.limit_in_bytes": "9223372036854771712\n"}, 0, false},
		"a slice around it":         {"0::/a/b\n", map[string]string{"a/memory.max": "1048576\n", "a/b/memory.max": "max\n"}, 1 << 20, true},
		"the least of both":         {"0::/a/b\n", map[string]string{"a/memory.max": "2097152\n", "a/b/memory.max": "1048576\n"}, 1 << 20, true},
		"a container":               {"4:memory:/docker/1\n", map[string]string{"memory/memory.limit_in_bytes": "1048576\n"}, 1 << 20, true},
		"not mounted":               {"0::/chatme\n", nil, 0, false},
		"no groups":                 {"", nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			self := filepath.Join(root, "self")
			testbed.MustWrite(t, self, []byte(tt.self))
			for file, text := range tt.files {
				file = filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				testbed.MustWrite(t, file, []byte(text))
			}
			limit, ok := config.GroupLimit(self, root)
			if ok != tt.ok || ok && limit != tt.limit {
				t.Errorf("%d, %v, want %d, %v", limit, ok, tt.limit, tt.ok)
			}
		})
	}
}

// Memory is returned once after each rush, and never under load.
func TestLull(t *testing.T) {
	var l lull
	allocated := uint64(0)
	for i, step := range []struct {
		more uint64
		want bool
	}{
		{20 << 20, false}, {2 << 20, false}, // a rush, and a load that stays
		{100 << 10, true}, {100 << 10, false}, {0, false}, // quiet
		{2 << 20, false}, {0, false}, {7 << 20, false}, {0, true}, {0, false}, // not worth it, then worth it
	} {
		allocated += step.more
		if got := l.has(allocated); got != step.want {
			t.Errorf("look %d: %v, want %v", i, got, step.want)
		}
	}
}

// Go's limit leaves room for SQLite to store a message, and is never less than half of the total limit.
func TestGoLimit(t *testing.T) {
	const mebi = 1 << 20
	for _, tt := range []struct{ limit, letter, want int64 }{
		{1000 * mebi, 16 * mebi, 800 * mebi}, {128 * mebi, 16 * mebi, 80 * mebi}, {64 * mebi, mebi, 46 * mebi}, {64 * mebi, 16 * mebi, 32 * mebi},
	} {
		if got := goLimit(tt.limit, tt.letter); got != tt.want {
			t.Errorf("of %d MiB with letters of %d: %d MiB, want %d", tt.limit/mebi, tt.letter/mebi, got/mebi, tt.want/mebi)
		}
	}
}
