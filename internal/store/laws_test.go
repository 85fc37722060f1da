package store

import (
	"fmt"
	"strings"
	"testing"

	"chatme/internal/exit"
)

// TestLaws: a database left by a server, and a restored one, keep every law; each law finds its violation.
func TestLaws(t *testing.T) {
	fill := func(tb testing.TB) *Store {
		p := newPost(tb)
		p.mustHold(tb, p.entry(1, "hello"), p.entry(2, ""))
		mustCommit(tb, p.Store, put(waiting(3, 1), away(session(4), t0+hour))...)
		if err := p.Laws(tb.Context()); err != nil {
			tb.Fatal(err)
		}
		return p.Store
	}
	second := fmt.Sprintf(`INSERT INTO boots SELECT 2, started_at, NULL, NULL, version, commit_hash, schema, '%032x', 0 FROM boots`, 1)
	for name, tt := range map[string]struct{ breaks, law string }{
		"mail of an ended session": {`UPDATE sessions SET ended_at = away_since, pair = NULL, side = NULL, alias = NULL, matched_at = NULL
			WHERE id IN (SELECT recipient FROM mailbox)`, "an ended session"},
		"half a pair":          {`UPDATE sessions SET pair = NULL, side = NULL, alias = NULL, matched_at = NULL WHERE pair > 0 AND side = 0`, "two sides"},
		"one alias for both":   {`UPDATE sessions SET alias = (SELECT min(alias) FROM sessions) WHERE pair > 0; UPDATE mailbox SET sender = (SELECT min(alias) FROM sessions)`, "agree"},
		"two moments":          {`UPDATE sessions SET matched_at = matched_at + side WHERE pair > 0`, "agree"},
		"a later place":        {`UPDATE sessions SET place = place + (5 << 32) WHERE place > 0`, "numbers"},
		"a number of no start": {`UPDATE sessions SET id = 7 WHERE place > 0`, "numbers"},
		"two epochs at once": {second + `; INSERT INTO boots SELECT 3, started_at, NULL, NULL, version, commit_hash, schema, epoch, 0 FROM boots WHERE boot = 1`,
			"each epoch"},
		"a start missing":          {strings.Replace(second, "2,", "3,", 1), "no start"},
		"a chat of another epoch":  {second, "with its epoch"},
		"mail of two chats":        {`UPDATE mailbox SET pair = (1 << 32) + 77 WHERE n = 2`, "one chat"},
		"mail of another chat":     {`UPDATE mailbox SET pair = (1 << 32) + 77`, "of that chat"},
		"mail of a third":          {`UPDATE mailbox SET sender = replace(sender, '-4000-', '-4001-')`, "of that chat"},
		"mail without a key":       {`UPDATE sessions SET mail_key = NULL`, "can open it"},
		"mail without a recipient": {`PRAGMA foreign_keys = 0; UPDATE mailbox SET recipient = 99`, "dangling"},
	} {
		t.Run(name, func(t *testing.T) {
			s := fill(t)
			if _, err := s.writer.Exec(tt.breaks); err != nil {
				t.Fatal(err)
			}
			err := s.Laws(t.Context())
			wantCode(t, err, exit.BadDatabase)
			if !strings.Contains(err.Error(), tt.law) {
				t.Errorf("%v, want %q", err, tt.law)
			}
		})
	}
	t.Run("after a restore", func(t *testing.T) {
		path, backup, _, _ := backedUp(t)
		if _, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true}); err != nil {
			t.Fatal(err)
		}
		s := MustOpen(t, path)
		for range 2 { // before its start and after
			if err := s.Laws(t.Context()); err != nil {
				t.Error(err)
			}
			if s.boot == 0 {
				mustBegin(t, s)
			}
		}
	})
}
