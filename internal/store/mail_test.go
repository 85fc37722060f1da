package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/secret"
)

// TestMailRange: a replay is the messages above one number and up to another, of one chat and one recipient; deleted
// numbers are left out, and an empty place is shown.
func TestMailRange(t *testing.T) {
	p := newPost(t)
	var entries []chat.MailEntry
	for _, n := range []uint64{1, 2, 4, 5, 9} {
		entries = append(entries, p.entry(n, fmt.Sprint("text ", n)))
	}
	entries[3].Text, entries[3].At = "", 0 // 5
	elsewhere := p.entry(3, "of another chat")
	elsewhere.Pair++
	p.mustHold(t, append(entries, elsewhere)...)
	for name, tt := range map[string]struct {
		after, upTo uint64
		want        []string
	}{
		"all":           {0, 9, []string{"1 text 1", "2 text 2", "4 text 4", "5", "9 text 9"}},
		"up to":         {0, 4, []string{"1 text 1", "2 text 2", "4 text 4"}},
		"after":         {2, 9, []string{"4 text 4", "5", "9 text 9"}},
		"within a hole": {5, 8, nil},
		"none":          {4, 4, nil},
		"reversed":      {9, 1, nil},
		"beyond":        {9, 1<<64 - 1, nil},
		"far beyond":    {1<<64 - 1, 1<<64 - 1, nil},
	} {
		r := p.whole()
		r.After, r.UpTo = tt.after, tt.upTo
		if got := read(t, p.Store, r); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestMailYield: yield may take its time, and use the store meanwhile; its error is returned unchanged.
func TestMailYield(t *testing.T) {
	p := newPost(t)
	p.mustHold(t, p.entry(1, "first"), p.entry(2, "second"), p.entry(3, "third"), p.entry(4, "fourth"))
	p.reader.SetMaxOpenConns(1)
	var got []uint64
	done := errors.New("the socket is closed")
	err := p.Mail(t.Context(), secretOf(1), p.whole(), func(m *chat.MailEntry) error {
		got = append(got, m.N)
		if p.reader.Stats().InUse != 0 {
			t.Error("a connection is held")
		}
		if m.N == 1 { // messages confirmed meanwhile are not replayed
			b := &chat.Batch{MailAcks: []chat.MailAck{{To: p.to.ID, Pair: p.to.Pair, UpTo: 2}}}
			if err := p.Commit(b); err != nil {
				t.Error(err)
			}
		}
		if m.N == 3 {
			return done
		}
		return nil
	})
	if err != done || !slices.Equal(got, []uint64{1, 3}) {
		t.Errorf("%v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = p.Mail(ctx, secretOf(1), p.whole(), func(*chat.MailEntry) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// logged makes s log to the returned buffer.
func logged(s *Store) *bytes.Buffer {
	var b bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&b, nil))
	return &b
}

// edits are changes that an attacker may make to the four messages "text 1" … "text 4" of newPost without being able to
// read them. body returns the body of a place, for what SQL cannot compute. want is what is then read.
var edits = map[string]struct {
	sql  func(body func(n int) []byte) string
	want []string
	log  string // its attributes; "": nothing may be logged
}{
	"nothing": {func(func(int) []byte) string { return `SELECT 1` },
		[]string{"1 text 1", "2 text 2", "3 text 3", "4 text 4"}, ""},
	"two bodies swapped": {func(body func(int) []byte) string {
		return fmt.Sprintf(`UPDATE mailbox SET body = CASE n WHEN 2 THEN x'%x' ELSE x'%x' END WHERE n IN (2, 3)`, body(3), body(2))
	}, []string{"1 text 1", "2", "3", "4 text 4"}, "pair=1-1 n=2 count=2"},
	"replayed under another number": {func(func(int) []byte) string {
		return `INSERT INTO mailbox SELECT recipient, pair, 5, sender, body FROM mailbox WHERE n = 1`
	}, []string{"1 text 1", "2 text 2", "3 text 3", "4 text 4", "5"}, "pair=1-1 n=5 count=1"},
	"reordered": {func(func(int) []byte) string {
		return `UPDATE mailbox SET n = n + 100 WHERE n > 1; UPDATE mailbox SET n = iif(n = 104, 2, n - 99) WHERE n > 100`
	}, []string{"1 text 1", "2", "3", "4"}, "pair=1-1 n=2 count=3"},
	"truncated": {func(body func(int) []byte) string {
		return fmt.Sprintf(`UPDATE mailbox SET body = x'%x' WHERE n = 4`, append(body(4), body(3)...)[:400])
	}, []string{"1 text 1", "2 text 2", "3 text 3", "4"}, "pair=1-1 n=4 count=1"},
	"a bit flipped": {func(body func(int) []byte) string {
		b := body(1)
		b[200] ^= 4
		return fmt.Sprintf(`UPDATE mailbox SET body = x'%x' WHERE n = 1`, b)
	}, []string{"1", "2 text 2", "3 text 3", "4 text 4"}, "pair=1-1 n=1 count=1"},
	"to another recipient": {func(func(int) []byte) string {
		return `UPDATE mailbox SET recipient = (SELECT id FROM sessions WHERE side = 1) WHERE n = 2`
	}, []string{"1 text 1", "3 text 3", "4 text 4", "2"}, "pair=1-1 n=2 count=1"},
	"to another recipient of the same key": {func(func(int) []byte) string {
		to := reader(1)
		return fmt.Sprintf(`UPDATE sessions SET hash = zeroblob(32) WHERE side = 0;
			UPDATE sessions SET hash = x'%x', mail_key = x'%x' WHERE side = 1;
			UPDATE mailbox SET recipient = (SELECT id FROM sessions WHERE side = 1)`, to.Hash[:], to.MailKey[:])
	}, []string{"1", "2", "3", "4"}, "pair=1-1 n=1 count=4"},
	"to another chat": {func(func(int) []byte) string { return `UPDATE mailbox SET pair = pair + 1 WHERE n > 2` },
		[]string{"1 text 1", "2 text 2", "3", "4"}, "pair=1-2 n=3 count=2"},
	"from another sender": {func(func(int) []byte) string {
		return `UPDATE mailbox SET sender = '00000000-0000-4000-8000-000000000000' WHERE n = 3`
	}, []string{"1 text 1", "2 text 2", "3", "4 text 4"}, "pair=1-1 n=3 count=1"},
	"all from another sender": {func(func(int) []byte) string {
		return `UPDATE mailbox SET sender = '00000000-0000-4000-8000-000000000000'`
	}, []string{"1", "2", "3", "4"}, "pair=1-1 n=1 count=4"},
	"in another epoch of the database": {func(func(int) []byte) string {
		return `UPDATE boots SET epoch = '00000000000000000000000000000000'`
	}, []string{"1", "2", "3", "4"}, "pair=1-1 n=1 count=4"},
	"of a start that never was": {func(func(int) []byte) string { return `UPDATE mailbox SET pair = (99 << 32) | 1 WHERE n = 1` },
		[]string{"2 text 2", "3 text 3", "4 text 4", "1"}, "pair=99-1 n=1 count=1"},
}

// TestTampering makes the edits in a real file, with another program: every place whose body was changed is read as an
// empty one, and each replay logs one line that says no more than which.
func TestTampering(t *testing.T) {
	for name, tt := range edits {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			for n := range uint64(4) {
				p.mustHold(t, p.entry(n+1, fmt.Sprint("text ", n+1)))
			}
			edit := tt.sql(func(n int) (body []byte) {
				if err := p.reader.Get(&body, `SELECT body FROM mailbox WHERE n = ?`, n); err != nil {
					t.Fatal(err)
				}
				return body
			})
			mustClose(t, p.Store)
			if out, err := exec.CommandContext(t.Context(), shell(t), p.path, edit).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			s := MustOpen(t, p.path)
			log := logged(s)
			var got []string
			for n := range uint64(2) {
				got = append(got, readAll(t, s, secretOf(n+1))...)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			lines := strings.Count(log.String(), "\n")
			if (tt.log == "") != (lines == 0) || lines > 1 || !strings.Contains(log.String(), tt.log) {
				t.Errorf("log %q, want %q", log, tt.log)
			}
			if lines == 1 && (!strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "session=s_")) {
				t.Errorf("log %q", log)
			}
			if strings.Contains(log.String(), "text") || strings.Contains(log.String(), "cm1_") {
				t.Errorf("log %q", log)
			}
		})
	}
}

// readAll reads the mailbox of a session like a server that knows only what is on disk.
func readAll(tb testing.TB, s *Store, id string) (got []string) {
	tb.Helper()
	found, _, err := s.Find(tb.Context(), secret.HashOf(id))
	if err != nil {
		tb.Fatal(err)
	}
	for len(found.Mail) != 0 {
		r := chat.MailRange{To: found.ID, Pair: found.Mail[0].Pair, Alias: found.Mail[0].From, UpTo: 1<<64 - 1}
		found.Mail = slices.DeleteFunc(found.Mail, func(h chat.Held) bool { return h.Pair == r.Pair })
		err := s.Mail(tb.Context(), id, r, func(m *chat.MailEntry) error {
			got = append(got, strings.TrimSpace(fmt.Sprint(m.N, " ", m.Text)))
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return got
}

// TestMailOfAnotherSession: a session ID opens only its own mail.
func TestMailOfAnotherSession(t *testing.T) {
	p := newPost(t)
	p.mustHold(t, p.entry(1, "first"))
	log := logged(p.Store)
	err := p.Mail(t.Context(), secretOf(2), p.whole(), func(m *chat.MailEntry) error {
		if m.Text != "" || m.At != 0 {
			t.Errorf("%+v", m)
		}
		return nil
	})
	if err != nil || !strings.Contains(log.String(), "failed to decrypt") {
		t.Errorf("%v, log %q", err, log)
	}
}

// TestMailOutlivesRestore: messages stored before a restore open after it; those copied back from the timeline that the
// restore has undone, with a chat of the same number there, do not.
func TestMailOutlivesRestore(t *testing.T) {
	p := newPost(t)
	p.mustHold(t, p.entry(1, "before"))
	backup := newPath(t)
	if err := p.Snapshot(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	mustClose(t, p.Store)

	lost := MustOpen(t, p.path) // the second boot, which the backup does not have
	mustBegin(t, lost)
	m := p.entry(1, "lost")
	m.Pair = 2<<32 | 1
	if err := lost.Commit(&chat.Batch{Entries: []chat.MailEntry{m}}); err != nil {
		t.Fatal(err)
	}
	r := p.whole()
	r.Pair = m.Pair
	wantMail(t, lost, r, "1 lost")
	mustClose(t, lost)

	s := MustOpen(t, backup)
	if started := mustBegin(t, s); started.Boot != 2 || !started.Restored {
		t.Errorf("%+v", started)
	}
	wantMail(t, s, p.whole(), "1 before")
	copyBack := fmt.Sprintf(`ATTACH '%s' AS lost; INSERT INTO mailbox SELECT * FROM lost.mailbox WHERE pair = %d`, p.path, m.Pair)
	if out, err := exec.CommandContext(t.Context(), shell(t), backup, copyBack).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	log := logged(s)
	wantMail(t, s, r, "1")
	if !strings.Contains(log.String(), "pair=2-1 n=1 count=1") {
		t.Errorf("log %q", log)
	}
}
