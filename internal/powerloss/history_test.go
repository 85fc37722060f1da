//go:build !race

package powerloss

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"syscall"

	"chatme/internal/chat"
)

// never is the index of a state that is never reached.
const never = math.MaxInt

// history is the states of the database, one per commit: what is on the disk of a machine that never loses power.
type history struct {
	at      []int                       // by state: index of the event that completes it; the first is before all events
	same    map[[sha256.Size]byte][]int // the states with this content, in ascending order
	rows    map[chat.Hash][]rowSince    // the versions of a row, in order
	chats   map[chat.Alias]chatSince    // by either alias
	members map[int64][]chat.Hash       // the members of a chat
	entries map[entry]span
}

// sessionRow is the part of a sessions row that the harness needs.
type sessionRow struct {
	id, place, pair  int64 // 0 is NULL
	alias            chat.Alias
	resumable, ended bool
}

// rowSince is a row from a state on; nil: it is deleted.
type rowSince struct {
	state int
	row   *sessionRow
}

// chatSince is a chat, from the first state that contains both sides.
type chatSince struct {
	state int
	pair  int64
}

// entry identifies a row of mailbox.
type entry struct{ recipient, pair, n int64 }

// span is the states in which something exists: from the first until before the second.
type span struct{ from, until int }

// content is the content of a database, independent of its page layout.
type content struct {
	sum      [sha256.Size]byte // over all rows of all tables
	sessions map[chat.Hash]*sessionRow
	entries  map[entry]bool
	boot     int64 // the last start
}

// nothing returns the content of a database that does not exist or has no tables yet.
func nothing() content {
	return content{sum: sha256.Sum256(nil), sessions: map[chat.Hash]*sessionRow{}, entries: map[entry]bool{}}
}

// readContent reads the database at path, which must have no other writer.
func readContent(path string) (c content, err error) {
	c = nothing()
	if _, err := os.Stat(path); err != nil {
		return c, nil
	}
	address := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_pragma=synchronous(OFF)"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	sum := sha256.New()
	var tables []string
	if err := eachRow(db, `SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name`, func(row map[string]any) {
		fmt.Fprintln(sum, row["sql"])
		if text, _ := row["sql"].(string); strings.HasPrefix(text, "CREATE TABLE") {
			tables = append(tables, row["name"].(string))
		}
	}); err != nil {
		return c, err
	}
	for _, table := range tables {
		fmt.Fprintln(sum, table)
		if err := eachRow(db, `SELECT * FROM "`+table+`" ORDER BY rowid`, func(row map[string]any) {
			fmt.Fprintln(sum, row)
			c.take(table, row)
		}); err != nil {
			return c, err
		}
	}
	sum.Sum(c.sum[:0])
	return c, nil
}

// eachRow calls f with each row of query, by column name.
func eachRow(db *sql.DB, query string, f func(row map[string]any)) error {
	rows, err := db.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		row := map[string]any{}
		for i, name := range names {
			row[name] = values[i]
		}
		f(row)
	}
	return rows.Err()
}

// take keeps the parts of a row that the harness needs.
func (c *content) take(table string, row map[string]any) {
	number := func(column string) int64 { n, _ := row[column].(int64); return n }
	switch table {
	case "sessions":
		hash, _ := row["hash"].([]byte)
		alias, _ := row["alias"].(string)
		c.sessions[chat.Hash(hash)] = &sessionRow{
			id: number("id"), place: number("place"), pair: number("pair"), alias: chat.Alias(alias),
			resumable: number("resumable") == 1, ended: row["ended_at"] != nil,
		}
	case "boots":
		c.boot = max(c.boot, number("boot"))
	case "mailbox":
		c.entries[entry{number("recipient"), number("pair"), number("n")}] = true
	}
}

// commits returns the events that complete a transaction: the write of a page after a header that marks a commit, in a
// WAL (https://sqlite.org/fileformat2.html#wal_file_format), or the unlinking of a rollback journal.
func commits(events []Event, db string) []int {
	const header = 24 // bytes before each page
	var all []int
	page := int64(-1) // offset of the page that completes a transaction
	for at := range events {
		switch e := &events[at]; {
		case e.Kind == Unlinked && e.Path == db+"-journal":
			all = append(all, at)
		case e.Kind != Wrote || e.Path != db+"-wal":
		case e.Off == page:
			all = append(all, at)
			page = -1
		case len(e.Data) == header && binary.BigEndian.Uint32(e.Data[4:]) > 0:
			page = e.Off + header
		}
	}
	return all
}

// emptyHistory is the history before the first commit.
func emptyHistory() *history {
	return &history{
		at: []int{-1}, same: map[[sha256.Size]byte][]int{nothing().sum: {0}}, rows: map[chat.Hash][]rowSince{},
		chats: map[chat.Alias]chatSince{}, members: map[int64][]chat.Hash{}, entries: map[entry]span{},
	}
}

// newHistory replays the log and reads the database after each commit, in scratch.
func newHistory(events []Event, db, scratch string) (*history, error) {
	h := emptyHistory()
	disk := NewDisk(filepath.Dir(db))
	at := 0
	for _, commit := range commits(events, db) {
		for ; at <= commit; at++ {
			if err := disk.Apply(&events[at]); err != nil {
				return nil, fmt.Errorf("event %d: %w", at, err)
			}
		}
		path, err := putDatabase(disk.Now(), db, scratch)
		if err != nil {
			return nil, err
		}
		c, err := readContent(path)
		if err != nil {
			return nil, fmt.Errorf("after event %d, without losses: %w", commit, err)
		}
		h.at = append(h.at, commit)
		h.add(&c)
	}
	return h, nil
}

// putDatabase replaces the contents of the directory scratch with the files of the database db. It leaves out the -shm:
// that is only a cache, and the first process to open the database rebuilds it.
func putDatabase(files map[string][]byte, db, scratch string) (path string, err error) {
	path = filepath.Join(scratch, "chatme.db")
	for _, suffix := range []string{"", "-wal", "-journal", "-shm", ".witness"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		data, ok := files[db+suffix]
		if !ok || suffix == "-shm" {
			continue
		}
		if suffix == ".witness" {
			data = witnessOf(path, data)
		}
		if err := os.WriteFile(path+suffix, data, 0o640); err != nil {
			return "", err
		}
	}
	return path, nil
}

var deviceAndInode = regexp.MustCompile(`device \d+, inode \d+`)

// witnessOf returns witness with the device and inode of the database at path, which an image does not have.
func witnessOf(path string, witness []byte) []byte {
	info, err := os.Stat(path)
	if err != nil {
		return witness
	}
	st := info.Sys().(*syscall.Stat_t)
	return deviceAndInode.ReplaceAll(witness, fmt.Appendf(nil, "device %d, inode %d", st.Dev, st.Ino))
}

// add adds c as the next state; its index is that of the last element of at.
func (h *history) add(c *content) {
	state := len(h.at) - 1
	h.same[c.sum] = append(h.same[c.sum], state)
	sides := map[int64][]*sessionRow{}
	for hash, row := range c.sessions {
		if was := h.row(hash, state); was == nil || *was != *row {
			h.rows[hash] = append(h.rows[hash], rowSince{state, row})
		}
		if row.pair != 0 {
			sides[row.pair] = append(sides[row.pair], row)
			if !slices.Contains(h.members[row.pair], hash) {
				h.members[row.pair] = append(h.members[row.pair], hash)
			}
		}
	}
	for pair, rows := range sides {
		for _, row := range rows {
			if _, ok := h.chats[row.alias]; !ok && len(rows) == 2 {
				h.chats[row.alias] = chatSince{state, pair}
			}
		}
	}
	for hash := range h.rows {
		if c.sessions[hash] == nil && h.row(hash, state) != nil {
			h.rows[hash] = append(h.rows[hash], rowSince{state, nil})
		}
	}
	for l := range c.entries {
		if s, ok := h.entries[l]; !ok {
			h.entries[l] = span{state, never}
		} else if s.until != never { // it was not deleted: the process was killed in the write that would have done that
			h.entries[l] = span{s.from, never}
		}
	}
	for l, s := range h.entries {
		if s.until == never && !c.entries[l] {
			h.entries[l] = span{s.from, state}
		}
	}
}

// row returns the row of a session in a state, or nil if there is none.
func (h *history) row(hash chat.Hash, state int) *sessionRow {
	since := h.rows[hash]
	i := sort.Search(len(since), func(i int) bool { return since[i].state > state })
	if i == 0 {
		return nil
	}
	return since[i-1].row
}

// find returns the last state up to last with this content, or -1 if there is none.
func (h *history) find(c *content, last int) int {
	found := -1
	for _, state := range h.same[c.sum] {
		if state <= last {
			found = state
		}
	}
	return found
}

// before returns the last state that is complete before an event.
func (h *history) before(event int) int {
	return sort.SearchInts(h.at, event) - 1
}
