package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"chatme/internal/chat"
	"chatme/internal/seal"
	"chatme/internal/secret"
)

// sqlNext reads one row, so that whoever reads a mailbox has no more than one body in memory.
const sqlNext = `
	SELECT n, sender, body FROM mailbox
	WHERE recipient = ?1 AND pair = ?2 AND n > ?3 AND n <= ?4
	ORDER BY n LIMIT 1`

// sqlLongest reads no bodies: their lengths are in the rows themselves.
const sqlLongest = `
	SELECT coalesce(max(length(body)), 0) FROM mailbox
	WHERE recipient = ?1 AND pair = ?2 AND n > ?3 AND n <= ?4`

// Mail opens the letters in r with the session ID and gives them to yield, by rising N. Its Key is not filled in. An
// empty place comes without text, image and time, and so does a letter that does not open, because its row was
// changed: that is logged, once for each call. Between two letters no connection is held, so yield may take its time; what is
// committed meanwhile is seen. It ends with the error that yield returns, as it is; the session ID is not kept.
func (s *Store) Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	opener := seal.NewOpener(sessionID)
	tampered := tampering{session: secret.HashOf(sessionID), pair: r.Pair}
	defer tampered.report(s.log)
	binding, err := s.binding(ctx, r.Pair, r.To, r.Alias)
	if err != nil && !errors.Is(err, errNoBoot) {
		return explain("read mail from", s.path, err)
	}
	known := err == nil // otherwise nothing opens
	var longest int64
	if err := s.longest.GetContext(ctx, &longest, int64(r.To), int64(r.Pair), number(r.After), number(r.UpTo)); err != nil {
		return explain("read mail from", s.path, err)
	}
	for after := number(r.After); ; {
		letter, err := s.openNext(ctx, &mailReading{r, after, opener, binding, known, longest >= largeLetter, &tampered})
		if err != nil || letter == nil {
			return err
		}
		after = int64(letter.N)
		if err := yield(letter); err != nil {
			return err
		}
	}
}

// mailReading is where a reading of mail has come to.
type mailReading struct {
	of       chat.MailRange
	after    int64 // the last number that was read
	opener   *seal.Opener
	binding  seal.Binding // but for the number
	known    bool         // it is; otherwise nothing opens
	large    bool         // a letter may be large
	tampered *tampering
}

// openNext returns the next letter; nil if there is none. What it took to open it is not kept while somebody waits for more.
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
		return nil, explain("read mail from", s.path, err)
	case row.N <= at.after:
		return nil, &Error{what: "read mail from " + s.path + ": damaged, its order is wrong", todo: restore, code: exitData}
	}
	letter := &chat.MailEntry{To: r.To, Pair: r.Pair, From: r.Alias, N: uint64(row.N)}
	if row.Body == nil {
		return letter, nil
	}
	binding.N = letter.N
	body, err := at.opener.Open(binding, row.Body)
	if err == nil && at.known && row.Sender == r.Alias {
		letter.At, letter.Text, letter.Image = chat.Time(body.Time), body.Text, body.Image
	} else {
		at.tampered.add(letter.N)
	}
	return letter, nil
}

// mailRow is one row of sqlNext.
type mailRow struct {
	N      int64      `db:"n"`
	Sender chat.Alias `db:"sender"`
	Body   []byte     `db:"body"`
}

// tampering counts the letters of one replay that did not open.
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

// report writes one line if there were any.
func (t *tampering) report(log *slog.Logger) {
	if t.count == 0 {
		return
	}
	log.Error("held messages do not open: their rows were changed; their receiver sees a gap",
		slog.String("session", t.session.String()),
		slog.String("pair", fmt.Sprintf("%d-%d", t.pair>>32, uint32(t.pair))), // as v_pairs names it
		slog.Uint64("n", t.first), slog.Int("count", t.count))
}
