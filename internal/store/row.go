package store

import (
	"fmt"
	"strings"

	"chatme/internal/chat"
)

// column is a column of sessions, and its mapping to a chat.Record.
type column struct {
	name  string
	fixed bool                     // it never changes
	read  string                   // expression that selects it without NULL; "": its name
	value func(r *chat.Record) any // the value to write; nil is NULL
	into  func(r *chat.Record) any // scan target
}

// sqlAway is the time since when a session is away, 0 if it is connected. If a session was connected when its server
// ended, it is away since the next start began, but its row still says that it is connected: no start rewrites it. The
// law "no start is missing" ensures that the next start's number is one higher.
const sqlAway = `coalesce(away_since, (SELECT started_at FROM boots WHERE boots.boot = sessions.boot + 1), 0)`

// sessionColumns defines the row of a session; all statements that read or write it are generated from it. A zero value
// that means "not" is NULL. The start that wrote the row follows them, in the column boot.
var sessionColumns = []column{
	{"id", true, "", func(r *chat.Record) any { return int64(r.ID) }, func(r *chat.Record) any { return &r.ID }},
	{"hash", true, "", func(r *chat.Record) any { return r.Hash[:] }, func(r *chat.Record) any { return (*hash)(&r.Hash) }},
	{"resumable", true, "", func(r *chat.Record) any { return r.Resumable }, func(r *chat.Record) any { return &r.Resumable }},
	{"created_at", true, "", func(r *chat.Record) any { return int64(r.CreatedAt) }, func(r *chat.Record) any { return &r.CreatedAt }},
	{"away_since", false, sqlAway, func(r *chat.Record) any { return orNull(r.AwaySince) }, func(r *chat.Record) any { return &r.AwaySince }},
	{"ended_at", false, `coalesce(ended_at, 0)`, func(r *chat.Record) any { return orNull(r.EndedAt) }, func(r *chat.Record) any { return &r.EndedAt }},
	{"place", false, `coalesce(place, 0)`, func(r *chat.Record) any { return orNull(r.Place) }, func(r *chat.Record) any { return &r.Place }},
	{"queued_at", false, `coalesce(queued_at, 0)`, func(r *chat.Record) any { return orNull(r.QueuedAt) }, func(r *chat.Record) any { return &r.QueuedAt }},
	{"pair", false, `coalesce(pair, 0)`, func(r *chat.Record) any { return orNull(r.Pair) }, func(r *chat.Record) any { return &r.Pair }},
	{"side", false, `coalesce(side, 0)`, sideValue, func(r *chat.Record) any { return &r.Side }},
	{"alias", false, `coalesce(alias, '')`, aliasValue, func(r *chat.Record) any { return &r.Alias }},
	{"matched_at", false, `coalesce(matched_at, 0)`, func(r *chat.Record) any { return orNull(r.MatchedAt) }, func(r *chat.Record) any { return &r.MatchedAt }},
	{"mail_key", false, "", mailKeyValue, func(r *chat.Record) any { return (*mailKey)(&r.MailKey) }},
}

func sideValue(r *chat.Record) any {
	if r.Pair == 0 && r.Side == 0 {
		return nil
	}
	return int64(r.Side)
}

func aliasValue(r *chat.Record) any {
	if r.Alias == "" {
		return nil
	}
	return string(r.Alias)
}

func mailKeyValue(r *chat.Record) any {
	if r.MailKey == (chat.MailKey{}) {
		return nil
	}
	return r.MailKey[:]
}

func orNull[T ~int64 | ~uint64](v T) any {
	if v == 0 {
		return nil
	}
	return int64(v)
}

// columns returns the arguments of sqlUpsert for the start boot.
func columns(r *chat.Record, boot int64) []any {
	args := make([]any, 0, len(sessionColumns)+1)
	for i := range sessionColumns {
		args = append(args, sessionColumns[i].value(r))
	}
	return append(args, boot)
}

// targets returns the scan targets of a row of sqlColumns.
func targets(r *chat.Record) []any {
	all := make([]any, 0, len(sessionColumns)+5) // sqlFind has more
	for i := range sessionColumns {
		all = append(all, sessionColumns[i].into(r))
	}
	return all
}

// sqlColumns selects the columns in their order, under their names.
var sqlColumns = func() string {
	var all []string
	for _, c := range sessionColumns {
		if c.read == "" {
			all = append(all, c.name)
		} else {
			all = append(all, c.read+" AS "+c.name)
		}
	}
	return " " + strings.Join(all, ", ")
}()

// sqlUpsert writes one record. It never updates the fixed columns, which keeps the index on hash, whose pages are in
// random order, out of the WAL; a different hash under a known id matches no row.
//
//	INSERT INTO sessions (id, …, boot) VALUES (?1, …)
//	ON CONFLICT (id) DO UPDATE SET away_since = excluded.away_since, …
//	WHERE hash = excluded.hash
var sqlUpsert = func() string {
	var names, values, set []string
	for i, c := range append(sessionColumns[:len(sessionColumns):len(sessionColumns)], column{name: "boot"}) {
		names, values = append(names, c.name), append(values, fmt.Sprintf("?%d", i+1))
		if !c.fixed {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	return "INSERT INTO sessions (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") +
		") ON CONFLICT (id) DO UPDATE SET " + strings.Join(set, ", ") + " WHERE hash = excluded.hash"
}()

// hash scans a blob of 32 bytes.
type hash chat.Hash

// Scan implements sql.Scanner.
func (h *hash) Scan(v any) error { return scan32(h[:], v, "hash") }

// mailKey scans a blob of 32 bytes, or NULL, which becomes zeros.
type mailKey chat.MailKey

// Scan implements sql.Scanner.
func (k *mailKey) Scan(v any) error {
	if v == nil {
		*k = mailKey{}
		return nil
	}
	return scan32(k[:], v, "mail_key")
}

func scan32(into []byte, v any, column string) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(into) {
		return fmt.Errorf("%s is not a blob of %d bytes", column, len(into))
	}
	copy(into, b)
	return nil
}
