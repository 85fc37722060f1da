package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"chatme/internal/exit"
)

// TestSnapshot: a copy taken while the server runs opens as a separate database, with the same rows.
func TestSnapshot(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	a, b := pair(1, 1, 2)
	mustCommit(t, s, put(a, b, waiting(3, 1), away(session(4), t0))...)
	target := filepath.Join(t.TempDir(), "what? a copy.db")
	if err := s.Snapshot(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, put(waiting(5, 2))...) // not in the copy
	copied := MustOpen(t, target)
	got := mustLoad(t, copied)
	if len(got) != 3 {
		t.Fatalf("%v", got)
	}
	if want := mustLoad(t, s); !slices.Equal(got, want[:3]) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestSnapshotRefuses: an existing target is not changed, a failed one leaves nothing.
func TestSnapshotRefuses(t *testing.T) {
	s := openNew(t)
	target := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{target, s.path, filepath.Join(t.TempDir(), "nowhere", "x")} {
		wantCode(t, s.Snapshot(t.Context(), name), exit.NotWritable)
	}
	if info, err := os.Stat(target); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}
