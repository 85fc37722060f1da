package dbfile

import (
	"net/url"
	"strconv"
	"time"
)

// DriverName is the name modernc.org/sqlite registers with database/sql.
const DriverName = "sqlite"

// Sizes of the page caches, in KiB and negative, as PRAGMA cache_size expects.
const (
	writerCache = "-2048" // the pages of one large batch and its indexes
	ReaderCache = "-1024" // per connection; there are maxReaders
)

// tempStore is PRAGMA temp_store, MEMORY on every connection: temporary data of SQLite, such as a sort or the pages that
// a statement may have to roll back, never goes to a file. SQLite would put the files in /var/tmp, /usr/tmp or /tmp,
// which a container may not have. https://sqlite.org/tempfiles.html
const tempStore = "2"

// WalKept is the length in bytes to which a reset truncates the WAL: four times its length on most days.
const WalKept = 16 << 20

// MaxReaders bounds the connections of the read-only handle: look-ups by hash take microseconds.
const MaxReaders = 4

// Pragma is one setting of a connection and the value that reading it back must return.
type Pragma struct{ Name, Want string }

// URI returns path as SQLite's file: URI with the given parameters; path may contain any byte.
// https://sqlite.org/uri.html
func URI(path string, q url.Values) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// WriterDSN returns the URI of the writer handle and its pragmas. It never creates the file. A setting that has its own
// key in the driver is given by that key, because the driver checks those keys but not _pragma.
func WriterDSN(path string, busy time.Duration) (string, []Pragma) {
	q, pragmas := WriterSettings(busy)
	return URI(path, q), pragmas
}

// WriterSettings returns the parameters of writerDSN.
func WriterSettings(busy time.Duration) (url.Values, []Pragma) {
	ms, limit := strconv.FormatInt(busy.Milliseconds(), 10), strconv.Itoa(WalKept)
	q := url.Values{
		"mode":          {"rw"},
		"_txlock":       {"immediate"},
		"_busy_timeout": {ms},
		"_journal_mode": {"WAL"},
		"_synchronous":  {synchronous},
		"_foreign_keys": {"1"},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_pragma": {"secure_delete(1)", "trusted_schema(0)", "cache_size(" + writerCache + ")",
			"journal_size_limit(" + limit + ")", "temp_store(" + tempStore + ")"},
	}
	return q, []Pragma{
		{"journal_mode", "wal"},
		{"synchronous", synchronousRead},
		{"foreign_keys", "1"},
		{"busy_timeout", ms}, // milliseconds
		{"secure_delete", "1"},
		{"trusted_schema", "0"},
		{"cache_size", writerCache},
		{"wal_autocheckpoint", "1000"}, // pages; the default, which Litestream needs
		{"journal_size_limit", limit},
		{"temp_store", tempStore},
		{"query_only", "0"},
	}
}

// ReaderDSN returns the URI of the read-only handle and its pragmas. It is mode=ro and not query_only, because a
// query_only connection cannot run VACUUM INTO.
func ReaderDSN(path string, busy time.Duration) (string, []Pragma) {
	ms := strconv.FormatInt(busy.Milliseconds(), 10)
	q := url.Values{
		"mode":          {"ro"},
		"_busy_timeout": {ms},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_pragma":       {"trusted_schema(0)", "cache_size(" + ReaderCache + ")", "temp_store(" + tempStore + ")"},
	}
	return URI(path, q), []Pragma{
		{"journal_mode", "wal"},
		{"busy_timeout", ms},
		{"trusted_schema", "0"},
		{"cache_size", ReaderCache},
		{"temp_store", tempStore},
	}
}

// CheckDSN returns the URI for inspecting a file before it is trusted. With immutable set, SQLite takes no lock, ignores
// -wal and -journal and creates no file; no other process may then write to the database.
func CheckDSN(path, mode string, immutable bool, busy time.Duration) string {
	q := url.Values{
		"mode":          {mode},
		"_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_pragma":       {"trusted_schema(0)", "temp_store(" + tempStore + ")"},
	}
	if immutable {
		q.Set("immutable", "1")
	}
	return URI(path, q)
}
