package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"

	"chatme/internal/dbfile"
)

// headerLength is the length of the part of the header that is checked.
// https://sqlite.org/fileformat2.html#the_database_header
const headerLength = 72

// strangeLooks is the number of consecutive looks after which unexpected content is believed: while pages of the WAL are
// written to the file, it can be shorter than its first page says, or inconsistent.
const strangeLooks = 2

// overwriting returns what was done to the content of the file: "" if nothing was detected. The caller holds mu.
func (o *openFiles) overwriting(s *Store, st *unix.Stat_t) string {
	if st.Size == 0 {
		return s.path + " was emptied"
	}
	var header [headerLength]byte
	if s.lock.Data() == nil {
		return "" // opening it would cost SQLite its locks
	}
	if _, err := s.lock.Data().ReadAt(header[:], 0); err != nil {
		return "" // SQLite will report what is wrong with the disk
	}
	// In WAL mode the format is 2. The application ID is not in the file while the first page is only in the -wal.
	mark := binary.BigEndian.Uint32(header[68:])
	if string(header[:16]) != "SQLite format 3\x00" || header[18] != 2 || header[19] != 2 || mark != 0 && mark != applicationID {
		return s.path + " was overwritten"
	}
	strange := ""
	if st.Size < o.size && st.Size < declared(&header) {
		strange = s.path + " was truncated"
	} else if written := unix.TimespecToNsec(st.Mtim); written != o.written {
		state, err := alone(s.path)
		switch {
		case err != nil:
			return "" // half written; another look follows
		case state.before(o.state):
			strange = s.path + " was overwritten with another state of it"
		default:
			o.written, o.state = written, state
		}
	}
	if strange == "" {
		o.size, o.strange = st.Size, 0
		return ""
	}
	if o.strange++; o.strange < strangeLooks {
		return ""
	}
	return strange
}

// declared returns the size of a database by its header, in bytes.
func declared(header *[headerLength]byte) int64 {
	page, pages := int64(binary.BigEndian.Uint16(header[16:])), int64(binary.BigEndian.Uint32(header[28:]))
	if page == 1 {
		page = 1 << 16
	}
	return page * pages
}

// aloneTimeout bounds how long a look at the content may take.
const aloneTimeout = time.Second

// alone returns the last start in the file at path without its -wal. That state is earlier than the database's, but
// never earlier than a state it had before. boot is 0 if there is none.
func alone(path string) (w witness, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), aloneTimeout)
	defer cancel()
	err = withFile(path, dbfile.CheckDSN(path, "ro", true, aloneTimeout), func(db *sql.DB) error {
		return db.QueryRowContext(ctx, sqlLastBoot).Scan(&w.boot, &w.epoch, &w.counter, &w.stopped)
	})
	return w, err
}

// before reports whether w cannot have followed from the state was.
func (w witness) before(was witness) bool {
	return w.boot < was.boot || w.boot == was.boot && (w.epoch != was.epoch || w.counter < was.counter)
}
