package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/internal/seal"
	"chatme/internal/secret"
)

// sqlNext reads one row, so that the reader of a mailbox has no more than one body in memory.
const sqlNext = `
	SELECT n, sender, body FROM mailbox
	WHERE recipient = ?1 AND pair = ?2 AND n > ?3 AND n <= ?4
	ORDER BY n LIMIT 1`

// sqlLongest reads no bodies: their lengths are stored in the rows themselves.
const sqlLongest = `
	SELECT coalesce(max(length(body)), 0) FROM mailbox
	WHERE recipient = ?1 AND pair = ?2 AND n > ?3 AND n <= ?4`

// Mail opens the messages in r with the session ID and passes them to yield, by rising N. Their Key is not set. An empty
// place has no text, image and time. Neither has a message that does not open because its row was changed; that is
// logged, once per call. Between two messages Mail holds no connection, so yield may take its time, and Mail sees what
// is committed meanwhile. An error of yield ends it and is returned unchanged; the session ID is not kept.
func (s *Store) Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	opener := seal.NewOpener(sessionID)
	tampered := tampering{session: secret.HashOf(sessionID), pair: r.Pair}
	defer tampered.report(s.log)
	binding, err := s.binding(ctx, r.Pair, r.To, r.Alias)
	if err != nil && !errors.Is(err, errNoBoot) {
		return dbfile.Explain("read mail from", s.path, err)
	}
	known := err == nil // otherwise nothing opens
	var longest int64
	if err := s.longest.GetContext(ctx, &longest, int64(r.To), int64(r.Pair), number(r.After), number(r.UpTo)); err != nil {
		return dbfile.Explain("read mail from", s.path, err)
	}
	for after := number(r.After); ; {
		entry, err := s.openNext(ctx, &mailReading{r, after, opener, binding, known, longest >= largeEntry, &tampered})
		if err != nil || entry == nil {
			return err
		}
		after = int64(entry.N)
		if err := yield(entry); err != nil {
			return err
		}
	}
}

// mailReading is the position of a reader in a mailbox.
type mailReading struct {
	of       chat.MailRange
	after    int64 // the last number that was read
	opener   *seal.Opener
	binding  seal.Binding // except for the number
	known    bool         // binding is valid; otherwise nothing opens
	large    bool         // a message may be large
	tampered *tampering
}

// openNext returns the next message; nil if there is none. It does not keep its buffers while the caller waits for more.
func (s *Store) openNext(ctx context.Context, at *mailReading) (*chat.MailEntry, error) {
	if at.large {
		s.large.Lock()
		defer s.large.Unlock()
	}
	r, binding := at.of, at.binding
	var row mailRow
	switch err := s.next.GetContext(ctx, &row, int64(r.To), int64(r.Pair), at.after, number(r.UpTo)); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, dbfile.Explain("read mail from", s.path, err)
	case row.N <= at.after:
		return nil, &dbfile.Error{What: "read mail from " + s.path + ": damaged, its mail is out of order", Todo: dbfile.RestoreBackup, Code: exit.BadDatabase}
	}
	entry := &chat.MailEntry{To: r.To, Pair: r.Pair, From: r.Alias, N: uint64(row.N)}
	if row.Body == nil {
		return entry, nil
	}
	binding.N = entry.N
	body, err := at.opener.Open(binding, row.Body)
	if err == nil && at.known && row.Sender == r.Alias {
		entry.At, entry.Text, entry.Image = chat.Time(body.Time), body.Text, body.Image
	} else {
		at.tampered.add(entry.N)
	}
	return entry, nil
}

// mailRow is one row of sqlNext.
type mailRow struct {
	N      int64      `db:"n"`
	Sender chat.Alias `db:"sender"`
	Body   []byte     `db:"body"`
}

// tampering counts the messages of one replay that did not open.
type tampering struct {
	session chat.Hash
	pair    chat.PairID
	first   uint64 // number of the first
	count   int
}

func (t *tampering) add(n uint64) {
	if t.count++; t.count == 1 {
		t.first = n
	}
}

// report logs one line if there were any.
func (t *tampering) report(log *slog.Logger) {
	if t.count == 0 {
		return
	}
	log.Error("stored messages failed to decrypt because their rows were changed; the recipient sees a gap",
		slog.String("session", t.session.String()),
		slog.String("pair", fmt.Sprintf("%d-%d", t.pair>>32, uint32(t.pair))), // as v_pairs names it
		slog.Uint64("n", t.first), slog.Int("count", t.count))
}
