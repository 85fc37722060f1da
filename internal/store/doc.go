// Package store keeps the durable part of the lobby in one SQLite file.
//
// It MUST NOT know of sockets, frames, clocks or the secret behind a session's hash, and no text a person wrote
// ever reaches it. What a session does next is decided in chat; the constraints of the schema only refuse what
// the laws forbid.
//
// # Shape
//
// One row of the table sessions is one chat.Record. A batch is the net rows since the last batch, so whoever is
// queued and matched within it is written once. Batches go through a writer handle of exactly one connection, in
// one IMMEDIATE transaction each, with synchronous=FULL: when Commit returns nil the batch survives a power
// loss on a disk whose fsync is honest. Everything else reads through a second handle that is opened read-only.
// The writer never gets the context of a request: the driver interrupts a statement when its context ends, and an
// interrupted COMMIT has an unknown outcome.
//
// # Start
//
//	lock file → is the file ours, whole and not newer → copy and migrate → read the pragmas back → prepare
//
// A file that is refused is left as it is. The database file itself is NEVER opened other than through SQLite,
// not even to look at it: closing any descriptor of it drops SQLite's POSIX locks for the whole process
// (https://sqlite.org/howtocorrupt.html, section 2.2). stat and access are harmless.
//
// # Failures
//
// Every error is an *Error: one line that says what and what to do, with the exit code for it. A commit refused
// with SQLITE_BUSY or SQLITE_FULL is transient: nothing of it was kept and the same batch may be tried again.
// Any other failure of a commit has an unknown outcome, and only a restart that reads the file knows the truth.
package store
