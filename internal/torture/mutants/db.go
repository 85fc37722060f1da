package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/hub"
	"chatme/internal/store"
)

func seededStore(db *store.Store) hub.Store { return &seededDB{Store: db} }

// seededDB is the database with the bug.
type seededDB struct {
	*store.Store

	mu      sync.Mutex     // held while committing
	stray   chat.MailEntry // the last committed entry; guarded by mu
	refused uint64         // the last batch that must be retried; owned by the committing goroutine
	later   chan struct{}  // closed once the commit reported as done is done; guarded by mu; nil: none
}

// Commit implements hub.Store.
func (s *seededDB) Commit(b *chat.Batch) error {
	if seed.commit == nil {
		return s.write(b)
	}
	own := chat.Batch{N: b.N, Changes: slices.Clone(b.Changes), Entries: slices.Clone(b.Entries), MailAcks: slices.Clone(b.MailAcks)}
	return seed.commit(s, &own)
}

func (s *seededDB) write(b *chat.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.Commit(b)
}

// awaitCommit waits for the commit that was reported as done.
func (s *seededDB) awaitCommit() {
	s.mu.Lock()
	later := s.later
	s.mu.Unlock()
	if later != nil {
		<-later
	}
}

// Find implements hub.Store.
func (s *seededDB) Find(ctx context.Context, h chat.Hash) (chat.Found, bool, error) {
	s.awaitCommit()
	return s.Store.Find(ctx, h)
}

// Mail implements hub.Store.
func (s *seededDB) Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	s.awaitCommit()
	if seed.mail == nil {
		return s.Store.Mail(ctx, sessionID, r, yield)
	}
	return seed.mail(s, ctx, sessionID, r, yield)
}

// commitLater commits after reporting success. Reads wait for it, so only a kill exposes the bug.
func commitLater(s *seededDB, b *chat.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, done := s.later, make(chan struct{})
	s.later = done
	go func() {
		defer close(done)
		time.Sleep(300 * time.Millisecond)
		if before != nil {
			<-before
		}
		s.write(b) // an error is lost too
	}()
	return nil
}

// commitLargeLater is commitLater for batches of more than three rows.
func commitLargeLater(s *seededDB, b *chat.Batch) error {
	if len(b.Changes)+len(b.Entries)+len(b.MailAcks) > 3 {
		return commitLater(s, b)
	}
	s.awaitCommit()
	return s.write(b)
}

// commitSlowly simulates a slow disk, so that a kill hits the critical moment more often.
func commitSlowly(s *seededDB, b *chat.Batch) error {
	time.Sleep(50 * time.Millisecond)
	return s.write(b)
}

// alter returns a Commit hook that changes rows first.
func alter(change func(r *chat.Record)) func(s *seededDB, b *chat.Batch) error {
	return func(s *seededDB, b *chat.Batch) error {
		for i := range b.Changes {
			if c := &b.Changes[i]; !c.Deleted {
				change(&c.Record)
			}
		}
		return s.write(b)
	}
}

func idleInstead(r *chat.Record) { r.Place, r.QueuedAt = 0, 0 }

func unpaired(r *chat.Record) {
	if r.Pair%3 == 0 {
		r.Pair, r.Side, r.Alias, r.MatchedAt = 0, 0, "", 0
	}
}

// paired is the sessions that were in a chat, or were on disk when this server started. Only load and then the committing
// goroutine use it.
var paired = map[chat.ID]bool{}

func notePaired(saved *chat.Saved) {
	for i := range saved.Records {
		paired[saved.Records[i].ID] = true
	}
}

// writePairedOnly leaves out the rows of sessions that were never in a chat. To a kill they look as if they never searched.
func writePairedOnly(s *seededDB, b *chat.Batch) error {
	b.Changes = slices.DeleteFunc(b.Changes, func(c chat.Change) bool {
		paired[c.ID] = paired[c.ID] || c.Pair != 0
		return !paired[c.ID] && !c.Deleted
	})
	return s.write(b)
}

func loseLetter(s *seededDB, b *chat.Batch) error {
	b.Entries = slices.DeleteFunc(b.Entries, func(chat.MailEntry) bool { return strikes(3) })
	return s.write(b)
}

// errRefused is the error of a commit that must be retried.
type errRefused struct{}

func (errRefused) Error() string   { return "refused by a seeded bug" }
func (errRefused) Transient() bool { return true }

// loseOnRetry makes some batches be retried, and drops the mailbox entries of a retried batch.
func loseOnRetry(s *seededDB, b *chat.Batch) error {
	again := s.refused == b.N
	if !again && len(b.Entries) > 0 && strikes(3) {
		s.refused = b.N
		return errRefused{}
	}
	if again {
		b.Entries = nil
	}
	err := s.write(b)
	if t, ok := errors.AsType[*dbfile.Error](err); ok && t.Transient() {
		s.refused = b.N
	}
	return err
}

// swapLetters gives a mailbox entry the text of the previous one, if that is from another chat.
func swapLetters(s *seededDB, b *chat.Batch) error {
	s.mu.Lock()
	for i := range b.Entries {
		m := &b.Entries[i]
		own := *m
		if s.stray.Pair != 0 && s.stray.Pair != m.Pair {
			m.Text = s.stray.Text
		}
		s.stray = own
	}
	s.mu.Unlock()
	return s.write(b)
}

func logLetters(s *seededDB, b *chat.Batch) error {
	for i := range b.Entries {
		fmt.Fprintln(os.Stderr, b.Entries[i].Text)
	}
	return s.write(b)
}

func ignoreMailAcks(s *seededDB, b *chat.Batch) error {
	b.MailAcks = nil
	return s.write(b)
}

// dropStrayMail lets a server start that ignores mail acknowledgements: it would refuse mail of a chat that is not the
// current one.
func dropStrayMail(saved *chat.Saved) {
	pairs := map[chat.ID]chat.PairID{}
	for i := range saved.Records {
		pairs[saved.Records[i].ID] = saved.Records[i].Pair
	}
	saved.Mail = slices.DeleteFunc(saved.Mail, func(h chat.Held) bool { return pairs[h.To] != 0 && pairs[h.To] != h.Pair })
}

func deleteFirst(s *seededDB, ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	if err := s.write(&chat.Batch{MailAcks: []chat.MailAck{{To: r.To, Pair: r.Pair, UpTo: r.UpTo}}}); err != nil {
		return err
	}
	return s.Store.Mail(ctx, sessionID, r, yield)
}

func skipOne(s *seededDB, ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	first := true
	return s.Store.Mail(ctx, sessionID, r, func(m *chat.MailEntry) error {
		if first {
			first = false
			return nil
		}
		return yield(m)
	})
}

func yieldTwice(s *seededDB, ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	return s.Store.Mail(ctx, sessionID, r, func(m *chat.MailEntry) error {
		if err := yield(m); err != nil {
			return err
		}
		return yield(m)
	})
}

// firstPair returns the oldest chat of two resumable sessions, or 0 if there is none.
func firstPair(saved *chat.Saved) chat.PairID {
	halves := map[chat.PairID]bool{}
	for i := range saved.Records {
		r := &saved.Records[i]
		if r.Pair == 0 || !r.Resumable {
			continue
		}
		if halves[r.Pair] {
			return r.Pair
		}
		halves[r.Pair] = true
	}
	return 0
}

func forgetPair(saved *chat.Saved) {
	pair := firstPair(saved)
	saved.Records = slices.DeleteFunc(saved.Records, func(r chat.Record) bool { return pair != 0 && r.Pair == pair })
	saved.Mail = slices.DeleteFunc(saved.Mail, func(h chat.Held) bool { return h.Pair == pair })
}

func endPair(saved *chat.Saved) {
	pair := firstPair(saved)
	for i := range saved.Records {
		if r := &saved.Records[i]; pair != 0 && r.Pair == pair {
			r.Place, r.QueuedAt = 1+uint64(r.Side), r.MatchedAt // no start assigns these places
			r.Pair, r.Side, r.Alias, r.MatchedAt = 0, 0, "", 0
		}
	}
}

func forgetWaiting(saved *chat.Saved) {
	gone := map[chat.ID]bool{}
	saved.Records = slices.DeleteFunc(saved.Records, func(r chat.Record) bool {
		gone[r.ID] = r.Place != 0
		return r.Place != 0
	})
	saved.Mail = slices.DeleteFunc(saved.Mail, func(h chat.Held) bool { return gone[h.To] })
}

func changeEpoch(started *store.Started) { started.Epoch = uuid.NewString() }
