package store

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/internal/seal"
	"chatme/internal/secret"
)

// secretOf returns the session ID of reader n.
func secretOf(n uint64) string { return fmt.Sprintf("cm1_%043d", n) }

// reader returns session n with a session ID behind it.
func reader(n uint64) chat.Record {
	r := session(n)
	r.Hash, r.MailKey = secret.HashOf(secretOf(n)), secret.MailKey(secretOf(n))
	return r
}

// post is a chat with an away side: number 1 of the first boot, between reader 1, which is away, and reader 2.
type post struct {
	*Store
	to, from chat.Record
}

// newPost opens a new database with one chat in it.
func newPost(tb testing.TB) *post {
	tb.Helper()
	s := openNew(tb)
	mustBegin(tb, s)
	p := &post{Store: s}
	a, b := pair(1, 1, 2)
	p.to, p.from = reader(1), reader(2)
	for i, r := range []*chat.Record{&p.to, &p.from} {
		r.Pair, r.Side, r.MatchedAt, r.Alias = a.Pair, uint8(i), a.MatchedAt, []chat.Alias{a.Alias, b.Alias}[i]
	}
	p.to.AwaySince = t0
	mustCommit(tb, s, put(p.to, p.from)...)
	return p
}

// entry returns a message to the away side; an empty text makes an empty place.
func (p *post) entry(n uint64, text string) chat.MailEntry {
	m := chat.MailEntry{To: p.to.ID, Key: p.to.MailKey, Pair: p.to.Pair, From: p.from.Alias, N: n, Text: text}
	if text != "" {
		m.At = t0 + chat.Time(n)
	}
	return m
}

func (p *post) whole() chat.MailRange {
	return chat.MailRange{To: p.to.ID, Pair: p.to.Pair, Alias: p.from.Alias, UpTo: 1<<64 - 1}
}

func (p *post) mustHold(tb testing.TB, entries ...chat.MailEntry) {
	tb.Helper()
	if err := p.Commit(&chat.Batch{Entries: entries}); err != nil {
		tb.Fatal(err)
	}
}

// read returns what Mail yields, in short form.
func read(tb testing.TB, s *Store, r chat.MailRange) (got []string) {
	tb.Helper()
	err := s.Mail(tb.Context(), secretOf(1), r, func(m *chat.MailEntry) error {
		if m.To != r.To || m.Pair != r.Pair || m.From != r.Alias || (m.At != 0) != (m.Text+m.Image != "") {
			tb.Errorf("%+v", m)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s", m.N, m.Text, m.Image)))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func wantMail(tb testing.TB, s *Store, r chat.MailRange, want ...string) {
	tb.Helper()
	if got := read(tb, s, r); !slices.Equal(got, want) {
		tb.Errorf("mail %q, want %q", got, want)
	}
}

// count returns a number from the database.
func count(tb testing.TB, s *Store, query string, args ...any) (n int64) {
	tb.Helper()
	if err := s.reader.GetContext(tb.Context(), &n, query, args...); err != nil {
		tb.Fatal(err)
	}
	return n
}

// TestEntries: stored messages are replayed word for word, also after a restart, and are deleted when they are
// confirmed.
func TestEntries(t *testing.T) {
	p := newPost(t)
	image := "data:image/png;base64," + strings.Repeat("QUJD", 300_000)
	entries := []chat.MailEntry{p.entry(1, "hello"), p.entry(2, ""), p.entry(3, "look"), p.entry(4, "")}
	entries[2].Image, entries[3].Image, entries[3].At = image, image, t0+4
	p.mustHold(t, entries...)
	check := func(s *Store, from int) {
		t.Helper()
		var got []chat.MailEntry
		err := s.Mail(t.Context(), secretOf(1), p.whole(), func(m *chat.MailEntry) error {
			m.Key = p.to.MailKey
			got = append(got, *m)
			return nil
		})
		if err != nil || !slices.Equal(got, entries[from:]) {
			t.Errorf("%d messages, %v; want %d", len(got), err, len(entries)-from)
		}
	}
	check(p.Store, 0)
	mustClose(t, p.Store)
	s := MustOpen(t, p.path)
	mustBegin(t, s)
	check(s, 0)
	for _, r := range []chat.MailAck{
		{To: p.to.ID, Pair: p.to.Pair + 1, UpTo: 9},
		{To: p.from.ID, Pair: p.to.Pair, UpTo: 9},
		{To: p.to.ID, Pair: p.to.Pair, UpTo: 2},
	} {
		if err := s.Commit(&chat.Batch{MailAcks: []chat.MailAck{r}}); err != nil {
			t.Fatal(err)
		}
	}
	check(s, 2)
	if err := s.Commit(&chat.Batch{MailAcks: []chat.MailAck{{To: p.to.ID, Pair: p.to.Pair, UpTo: 1<<64 - 1}}}); err != nil {
		t.Fatal(err)
	}
	check(s, 4)
}

// TestOneBatch: a session may appear, be sent a message, confirm and end within one batch.
func TestOneBatch(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	to, gone := away(reader(1), t0), away(reader(2), t0)
	mustCommit(t, s, put(gone)...)
	at := func(r chat.Record, n uint64) chat.MailEntry {
		return chat.MailEntry{To: r.ID, Key: r.MailKey, Pair: 1<<32 | 1, From: alias(1), N: n, At: t0, Text: fmt.Sprint("text ", n)}
	}
	err := s.Commit(&chat.Batch{
		Changes:  append(put(to), del(gone), del(reader(3))),
		Entries:  []chat.MailEntry{at(to, 1), at(gone, 1), at(to, 2), at(reader(3), 1), at(to, 3)},
		MailAcks: []chat.MailAck{{To: to.ID, Pair: 1<<32 | 1, UpTo: 2}, {To: gone.ID, Pair: 1<<32 | 1, UpTo: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantMail(t, s, chat.MailRange{To: to.ID, Pair: 1<<32 | 1, Alias: alias(1), UpTo: 9}, "3 text 3")
	if n := count(t, s, `SELECT count(*) FROM mailbox`); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// TestEmptyBatch: an empty batch writes nothing.
func TestEmptyBatch(t *testing.T) {
	p := newPost(t)
	before := walFrames(t, p.Store)
	if err := p.Commit(&chat.Batch{N: 7}); err != nil {
		t.Error(err)
	}
	if after := walFrames(t, p.Store); after != before {
		t.Errorf("the WAL went from %d to %d frames", before, after)
	}
}

// TestCascade: mail is deleted with its session, whether that is deleted or expires, and Sweep returns its size.
func TestCascade(t *testing.T) {
	p := newPost(t)
	p.mustHold(t, p.entry(1, "hello"), p.entry(2, ""))
	tail := away(reader(3), t0-hour)
	other := away(reader(4), t0-hour)
	mine := chat.MailEntry{To: tail.ID, Key: tail.MailKey, Pair: 1<<32 | 9, From: alias(9), N: 1, At: t0, Text: "x"}
	nothing := mine
	nothing.N, nothing.Text = 2, ""
	if err := p.Commit(&chat.Batch{Changes: put(tail, other), Entries: []chat.MailEntry{mine, nothing}}); err != nil {
		t.Fatal(err)
	}
	n, freed, err := p.Sweep(t0-1, 10)
	if want := int64(256 + seal.Overhead + 256); n != 2 || freed != want || err != nil {
		t.Errorf("%d sessions, %d bytes, %v; want 2 and %d", n, freed, err, want)
	}
	if n := count(t, p.Store, `SELECT count(*) FROM mailbox`); n != 2 {
		t.Errorf("%d rows", n)
	}
	mustCommit(t, p.Store, del(p.to), put(waiting(9, 9))[0], del(p.from))
	if n := count(t, p.Store, `SELECT count(*) FROM mailbox`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// TestLoadMail: waiting and paired sessions are loaded with their mail, in order; a hibernated one is found with it; and
// all mail is counted.
func TestLoadMail(t *testing.T) {
	p := newPost(t)
	p.mustHold(t, p.entry(2, strings.Repeat("long ", 1000)), p.entry(1, "a"), p.entry(3, ""))
	queued, idle := waiting(3, 1), away(reader(4), t0)
	queued.Hash, queued.MailKey = reader(3).Hash, reader(3).MailKey
	old := func(r chat.Record, n uint64) chat.MailEntry {
		return chat.MailEntry{To: r.ID, Key: r.MailKey, Pair: 1<<32 | 5, From: alias(7), N: n, At: t0, Text: "tail"}
	}
	err := p.Commit(&chat.Batch{
		Changes: put(queued, idle, away(reader(5), t0)),
		Entries: []chat.MailEntry{old(idle, 8), old(queued, 4), old(idle, 7)},
	})
	if err != nil {
		t.Fatal(err)
	}
	const small = 256 + seal.Overhead
	held := func(r chat.Record, pair chat.PairID, from chat.Alias, n uint64, size int) chat.Held {
		return chat.Held{To: r.ID, Pair: pair, From: from, N: n, Size: size}
	}
	want := chat.Saved{
		Records: []chat.Record{p.to, p.from, queued},
		Mail: []chat.Held{
			held(p.to, p.to.Pair, p.from.Alias, 1, small),
			held(p.to, p.to.Pair, p.from.Alias, 2, 5120+seal.Overhead),
			held(p.to, p.to.Pair, p.from.Alias, 3, 256),
			held(queued, 1<<32|5, alias(7), 4, small),
		},
		MailBytes: 4*small + 5120 + seal.Overhead + 256,
		Rows:      5,
	}
	if got, err := p.Load(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	tail := []chat.Held{held(idle, 1<<32|5, alias(7), 7, small), held(idle, 1<<32|5, alias(7), 8, small)}
	got, ok, err := p.Find(t.Context(), idle.Hash)
	if !ok || err != nil || got.Record != idle || !slices.Equal(got.Mail, tail) {
		t.Errorf("%+v, %v, %v; want %+v", got, ok, err, tail)
	}
	wantFound(t, p.Store, away(reader(5), t0))
}

// TestMailKeyLearned: a session from before the mailbox migration gets its key when it resumes, and keeps it.
func TestMailKeyLearned(t *testing.T) {
	s := openNew(t)
	r := reader(1)
	without := r
	without.MailKey = chat.MailKey{}
	mustCommit(t, s, put(without)...)
	wantFound(t, s, without)
	if key := secret.MailKey(secretOf(1)); key != r.MailKey {
		t.Errorf("%x, want %x", key, r.MailKey)
	}
	mustCommit(t, s, put(r)...)
	wantFound(t, s, r)
}

// TestRetrySealsOnce: a refused batch is sealed once, and one that has grown meanwhile is written completely.
func TestRetrySealsOnce(t *testing.T) {
	p := newPost(t)
	release := holdWriteLock(t, p.path)
	batch := &chat.Batch{Entries: []chat.MailEntry{p.entry(1, "first"), p.entry(2, "second")}}
	var bodies [][]byte
	for attempt := range 3 {
		err := p.Commit(batch)
		wantCode(t, err, exit.AlreadyRunning)
		if !err.(*dbfile.Error).Transient() {
			t.Fatal("not transient")
		}
		for i, kept := range p.sealing.kept {
			if attempt == 0 {
				bodies = append(bodies, kept.body)
			} else if !bytes.Equal(kept.body, bodies[i]) {
				t.Errorf("attempt %d sealed message %d again", attempt, i+1)
			}
		}
	}
	if len(bodies) != 2 {
		t.Fatalf("%d kept", len(bodies))
	}
	release()
	batch.Entries[1].Text = "second, rewritten"
	batch.Entries = append(batch.Entries, p.entry(3, "third"))
	if err := p.Commit(batch); err != nil {
		t.Fatal(err)
	}
	wantMail(t, p.Store, p.whole(), "1 first", "2 second, rewritten", "3 third")
	if n := count(t, p.Store, `SELECT count(*) FROM mailbox WHERE body IN (?, ?)`, bodies[0], bodies[1]); n != 1 {
		t.Errorf("%d of the saved bodies are on disk, want only the first", n)
	}
	if p.sealing.kept != nil {
		t.Error("bodies on disk are still saved")
	}
}

// TestMailConstraints: the database and the sealing refuse invalid mail, and keep nothing of the batch.
func TestMailConstraints(t *testing.T) {
	edit := func(f func(m *chat.MailEntry)) func(m *chat.MailEntry) { return f }
	for name, tt := range map[string]struct {
		edit func(m *chat.MailEntry)
		want string
	}{
		"L8 no chat":           {edit(func(m *chat.MailEntry) { m.Pair, m.Text = 0, "" }), "L8_in_a_chat"},
		"L8 no number":         {edit(func(m *chat.MailEntry) { m.N = 0 }), "L8_in_a_chat"},
		"L8 beyond 63 bits":    {edit(func(m *chat.MailEntry) { m.N = 1 << 63 }), "L8_in_a_chat"},
		"L8 twice":             {edit(func(m *chat.MailEntry) { m.N = 1 }), "mailbox.recipient, mailbox.pair, mailbox.n"},
		"no recipient":         {edit(func(m *chat.MailEntry) { m.To = 99 }), "FOREIGN KEY"},
		"no key":               {edit(func(m *chat.MailEntry) { m.Key = chat.MailKey{} }), "no public key"},
		"a chat of no start":   {edit(func(m *chat.MailEntry) { m.Pair = 7<<32 | 1 }), "not on record"},
		"no sender":            {edit(func(m *chat.MailEntry) { m.From = "" }), "length(sender) = 36"},
		"canary: a text there": {edit(func(m *chat.MailEntry) { m.From = "hello, is it me you are looking for?" }), "length(sender) = 36"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			p.mustHold(t, p.entry(1, "first"))
			m := p.entry(3, "third")
			tt.edit(&m)
			extra := session(99)
			err := p.Commit(&chat.Batch{Changes: put(extra), Entries: []chat.MailEntry{p.entry(2, "second"), m}})
			wantCode(t, err, exit.IO)
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "third") {
				t.Errorf("%v; want it to name %q", err, tt.want)
			}
			wantMail(t, p.Store, p.whole(), "1 first")
			if _, ok, err := p.Find(t.Context(), extra.Hash); ok || err != nil {
				t.Errorf("part of the batch was written, %v", err)
			}
			p.mustHold(t, p.entry(2, "second")) // and the store still works
			wantMail(t, p.Store, p.whole(), "1 first", "2 second")
		})
	}
	// Violations that the program itself cannot attempt.
	for name, statement := range map[string]string{
		"sealed_or_empty": `UPDATE mailbox SET body = x'68656c6c6f'`,
		"BLOB":            `UPDATE mailbox SET body = 'a text of ' || hex(zeroblob(200))`,
		"mail_key":        `UPDATE sessions SET mail_key = x'00'`,
	} {
		p := newPost(t)
		p.mustHold(t, p.entry(1, "first"))
		if _, err := p.writer.Exec(statement); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
