package store

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/exit"
)

// TestBoots: starts are numbered, the epoch is made once, and a run that did not end in order shows.
func TestBoots(t *testing.T) {
	path := newPath(t)
	var epoch string
	for i := uint64(1); i <= 3; i++ {
		s := MustOpen(t, path)
		started := mustBegin(t, s)
		if started.Boot != i {
			t.Errorf("start %d has number %d", i, started.Boot)
		}
		if epoch == "" {
			epoch = started.Epoch
		}
		if started.Epoch != epoch || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(epoch) {
			t.Errorf("start %d has epoch %q, the first %q", i, started.Epoch, epoch)
		}
		if i != 2 { // the second is killed
			if err := s.End("signal\nterminated", t0+1); err != nil {
				t.Fatal(err)
			}
		}
		mustClose(t, s)
	}
	got := ask(t, path, `SELECT boot, replace(reason, char(10), ' ') FROM v_boots`)
	if want := []string{"3|signal terminated", "2|killed", "1|signal terminated"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	other := mustBegin(t, openNew(t))
	if other.Epoch == epoch {
		t.Error("another database has the same epoch")
	}
}

// TestBeginAllAway: sessions that were attached when the server was killed are away from the next start on.
func TestBeginAllAway(t *testing.T) {
	s := openNew(t)
	a, b := pair(1, 1, 2)
	b.AwaySince = t0 - hour
	w, idle := waiting(3, 1), session(4)
	mustCommit(t, s, put(a, b, w, idle)...)
	mustBegin(t, s) // at t0
	a.AwaySince, w.AwaySince, idle.AwaySince = t0, t0, t0
	if got, want := mustLoad(t, s), []chat.Record{a, b, w}; !slices.Equal(got, want) {
		t.Errorf("%+v; want %+v", got, want)
	}
	wantFound(t, s, idle)
}

func TestBeginMisuse(t *testing.T) {
	s := openNew(t)
	wantCode(t, s.End("signal", t0), exit.Failure)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Begin(ctx, Boot{At: t0}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if started := mustBegin(t, s); started.Boot != 1 {
		t.Errorf("%+v", started)
	}
	_, err := s.Begin(t.Context(), Boot{At: t0})
	wantCode(t, err, exit.Failure)
	mustClose(t, s)
	wantCode(t, s.End("signal", t0), exit.IO)
	wantCode(t, s.Commit(&chat.Batch{Changes: put(session(1))}), exit.IO)
}

// TestLoadHalfPair: L2, a pair on disk that does not have both its members is refused.
func TestLoadHalfPair(t *testing.T) {
	a, b := pair(1, 1, 2)
	c, d := pair(2, 3, 4)
	for name, change := range map[string]chat.Change{
		"one deleted":           del(b),
		"one waiting":           put(waiting(2, 1))[0],
		"one without the other": put(func() chat.Record { r, _ := pair(3, 5, 6); return r }())[0],
	} {
		s := openNew(t)
		mustCommit(t, s, put(a, b, c, d)...)
		mustCommit(t, s, change)
		_, err := s.Load(t.Context())
		wantCode(t, err, exit.BadDatabase)
		if err != nil && !strings.Contains(err.Error(), "one member") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
