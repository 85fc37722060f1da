package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/internal/seal"
)

const (
	sqlHold = `INSERT INTO mailbox (recipient, pair, n, sender, body) VALUES (?1, ?2, ?3, ?4, ?5)`

	sqlConfirm = `DELETE FROM mailbox WHERE recipient = ?1 AND pair = ?2 AND n <= ?3`

	sqlEpoch = `SELECT epoch FROM boots WHERE boot = ?1`
)

// sealing is the state kept between the sealing of one batch and the next.
type sealing struct {
	mu     sync.Mutex
	kept   []sealedEntry     // guarded by mu; of the refused batch, for its next attempt
	epochs map[uint64]string // guarded by mu; boot → epoch; a row of boots never changes its own
}

// sealedEntry is a message and the part of it that goes to disk.
type sealedEntry struct {
	chat.MailEntry
	body []byte        // nil: an empty place, or a large message
	late *seal.Binding // of a large message, which is sealed as it is written, so that only one is in memory; nil: not large
}

// largeEntry is the size of text and image from which a message is large: sealing and writing it takes four times that.
const largeEntry = 1 << 20

// keep saves the sealed messages for the next attempt.
func (s *sealing) keep(entries []sealedEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = entries
}

// take returns and forgets the saved messages.
func (s *sealing) take() []sealedEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.kept
	s.kept = nil
	return kept
}

// sealEntries seals the messages of b, except those to sessions that b deletes. It reuses what was sealed for the
// previous attempt. An error means that nothing was written.
func (s *Store) sealEntries(b *chat.Batch) ([]sealedEntry, error) {
	kept := s.sealing.take()
	if len(b.Entries) == 0 {
		return nil, nil
	}
	gone := map[chat.ID]bool{}
	for i := range b.Changes {
		if c := &b.Changes[i]; c.Deleted {
			gone[c.ID] = true
		}
	}
	entries := make([]sealedEntry, 0, len(b.Entries))
	for i := range b.Entries {
		entry := &b.Entries[i]
		if gone[entry.To] {
			continue
		}
		if n := len(entries); n < len(kept) && kept[n].MailEntry == *entry {
			entries = append(entries, kept[n])
			continue
		}
		sealed, err := s.sealEntry(entry)
		if err != nil {
			s.sealing.keep(entries)
			return nil, s.explainSealing(entry, err)
		}
		entries = append(entries, sealed)
	}
	return entries, nil
}

// emptyBytes is the size that an empty place counts for.
const emptyBytes = 256

// EntryBytes returns how many bytes a message counts for in a mailbox, given the lengths of its text and image.
func EntryBytes(text, image int) int {
	if text == 0 && image == 0 {
		return emptyBytes
	}
	return seal.Size(text, image)
}

// sealEntry seals a message, unless it is large.
func (s *Store) sealEntry(m *chat.MailEntry) (sealed sealedEntry, err error) {
	sealed.MailEntry = *m
	if m.Text == "" && m.Image == "" {
		return sealed, nil
	}
	binding, err := s.binding(context.Background(), m.Pair, m.To, m.From)
	if err != nil {
		return sealed, err
	}
	binding.N = m.N
	if len(m.Text)+len(m.Image) >= largeEntry {
		sealed.late = &binding
		return sealed, nil
	}
	sealed.body, err = sealed.seal(binding)
	return sealed, err
}

func (m *sealedEntry) seal(b seal.Binding) ([]byte, error) {
	return seal.Seal(m.Key, b, seal.Body{Time: int64(m.At), Text: m.Text, Image: m.Image})
}

// insert writes m with the statement hold. It seals a large message first, while no other large one is in memory.
func (s *Store) insert(ctx context.Context, hold *sql.Stmt, m *sealedEntry) error {
	body := m.body
	if m.late != nil {
		s.large.Lock()
		defer s.large.Unlock()
		var err error
		if body, err = m.seal(*m.late); err != nil {
			return err
		}
	}
	_, err := hold.ExecContext(ctx, int64(m.To), int64(m.Pair), int64(m.N), string(m.From), body)
	return err
}

// explainSealing is explainCommit for failures before BEGIN.
func (s *Store) explainSealing(m *chat.MailEntry, err error) error {
	e, ok := dbfile.Explain(fmt.Sprintf("seal a message to session %d for", m.To), s.path, err).(*dbfile.Error)
	if ok && !e.Retry {
		e.Code, e.Todo = exit.IO, "nothing was written: restart the server, which resumes from what is on disk; if it happens again, report a bug"
	}
	return e
}

// binding returns what the bodies in pair from sender to recipient are bound to, except for the number. The epoch is
// that of the boot in which the pair began. So a body stored before a restore opens after it. A body stored in a
// timeline that the restore has undone does not, although pairs have the same numbers there.
func (s *Store) binding(ctx context.Context, pair chat.PairID, to chat.ID, from chat.Alias) (seal.Binding, error) {
	epoch, err := s.epochOf(ctx, uint64(pair)>>32)
	return seal.Binding{Epoch: epoch, Pair: uint64(pair), Recipient: uint64(to), Sender: string(from)}, err
}

var errNoBoot = errors.New("its chat began in a start that is not on record")

// epochOf returns the epoch of a start.
func (s *Store) epochOf(ctx context.Context, boot uint64) (string, error) {
	s.sealing.mu.Lock()
	defer s.sealing.mu.Unlock()
	if epoch, ok := s.sealing.epochs[boot]; ok {
		return epoch, nil
	}
	var epoch string
	switch err := s.epoch.GetContext(ctx, &epoch, int64(boot)); {
	case errors.Is(err, sql.ErrNoRows):
		return "", errNoBoot
	case err != nil:
		return "", err
	}
	if s.sealing.epochs == nil {
		s.sealing.epochs = map[uint64]string{}
	}
	s.sealing.epochs[boot] = epoch
	return epoch, nil
}

// applyMail puts messages into the mailboxes, then deletes those that were confirmed.
func (s *Store) applyMail(tx *sql.Tx, entries []sealedEntry, acks []chat.MailAck) error {
	ctx := context.Background()
	if len(entries) != 0 {
		hold := tx.StmtContext(ctx, s.hold)
		for i := range entries {
			m := &entries[i]
			if err := s.insert(ctx, hold, m); err != nil {
				return fmt.Errorf("store message %d of pair %d for session %d: %w", m.N, m.Pair, m.To, err)
			}
		}
	}
	if len(acks) != 0 {
		confirm := tx.StmtContext(ctx, s.confirm)
		for _, r := range acks {
			if _, err := confirm.ExecContext(ctx, int64(r.To), int64(r.Pair), number(r.UpTo)); err != nil {
				return fmt.Errorf("confirm pair %d for session %d: %w", r.Pair, r.To, err)
			}
		}
	}
	return nil
}

// number returns the bound of a range of numbers as SQLite can represent it; the number of a message is never that
// large.
func number(n uint64) int64 { return int64(min(n, math.MaxInt64)) }
