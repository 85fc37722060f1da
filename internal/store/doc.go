// Package store keeps the durable part of the lobby, and the messages for sessions that are away, in one SQLite file.
//
// It MUST NOT know of sockets, frames or clocks, except for the pace of its counter. No text written by a user ever
// reaches SQLite unsealed: a message is sealed (package seal) before any part of it is bound to a statement. The secret
// behind a session's hash passes through here when its client presents it, to derive a key or to open mail; it is
// neither kept nor logged. Package chat decides what a session does next; the constraints of the schema only refuse what
// the laws forbid.
//
// # Shape
//
// One row of the table sessions is one chat.Record, one row of mailbox is one place in a mailbox. A batch is the net
// rows since the last batch, so a session that is queued and matched within it is written once; then come its messages,
// then the acknowledgments that delete messages. Batches go through a writer handle of exactly one connection, in one
// IMMEDIATE transaction each, with synchronous=FULL: when Commit returns nil the batch survives a power loss on a disk
// whose fsync is honest. Messages are sealed before the transaction begins, and only once, however often the batch is
// retried. All other reads go through a second handle that is opened read-only; a replay reads a row at a time and holds
// no connection while its reader is slow. The writer never gets the context of a request: the driver interrupts a
// statement when its context ends, and an interrupted COMMIT has an unknown outcome.
//
// # Mail
//
// A message is bound to the epoch of the start in which its chat began, to the chat, its recipient, its sender's alias
// and its number. A message that no longer opens, because its row was changed, is given to the reader as an empty place,
// which the client shows as a gap, and is logged. A deleted row leaves a hole in the numbers, which also shows as a gap,
// except for the last ones: those show at the sender's next resume, which states what was acknowledged.
//
// # Start
//
//	lock file → does the file exist, or was there none → lock on the file → is it chatme's, whole and not newer
//	→ copy and migrate → read the pragmas back → prepare
//	→ Begin: does the witness know this file? → a new boot, COMMIT → the new witness
//
// A start rewrites no row. Each row names the start that last wrote it: a session whose row has no away_since was
// connected in that start, and away since the next one began. So its time away counts from the right moment after any
// number of kills. In a restored copy, it counts from the start that restored it.
//
// A refused file is left unchanged. The database file itself is NEVER opened other than through SQLite, not even to look
// at it, except for the lock: closing any descriptor of it drops SQLite's POSIX locks for the whole process
// (https://sqlite.org/howtocorrupt.html, section 2.2). So the descriptor of the lock is opened before SQLite's first and
// closed after its last one, which handles keeps track of. stat and access are harmless.
//
// Before SQLite sees a file, stat tells whether it is the one that was there before: SQLite deletes the -wal beside an
// empty database, and writes it into any other. Intact checks again while the Store is open.
//
// # The witness
//
// A database restored from a backup contains chats whose partners have since moved on: the server must not continue
// them. So beside it lies a file, <database>.witness, that records the last start; the file, by device and inode, on
// which it was made; the epoch of that start; its counter; and whether it stopped in order:
//
//	boot 3, device 65024, inode 9978398
//	epoch e190bbfcf72d21a7ec3ee8fe387d33bf, counter 0000000017, running, sum 0aca3cbf
//
// A database that has been started is considered restored if its witness is missing or malformed, or is of another file,
// of a later or of another start, or of a later state of it. A restored database gets a new epoch, and every chat in it
// ends. The queue stays, and so does the mail, as tails; legacy clients that were in a chat are deleted.
//
// The counter, in the start's row and in the witness, measures how far a start has come. It rises at most once a second,
// and only within a commit that happens anyway; and with Advance, after a backup. The witness is ALWAYS written after
// the COMMIT is on disk: if the database is ahead of its witness, the server was killed, or lost power, between the two,
// and the start continues. While the server runs, the witness is written in place and not synced, so that no commit
// waits for it. A torn second line tells nothing, nor does the witness of an older program, which has no second line.
//
// The check errs on the safe side: a database that was copied to another disk, or is opened for the first time by a
// program that keeps a witness, is considered restored. Some cases it cannot detect: a copy not made by a backup, copied
// into the same file, if it lacks less than a second of changes, or, after a power cut, the changes since the system
// last wrote the witness to disk, half a minute; and a snapshot of the whole disk or machine, which restores the witness
// as well. Restore deletes the witness. Delete it, too, when you restore a database by hand.
//
// # Copies
//
// Backup, Look and Restore are for processes other than the server's. Backup and Look read through SQLite on their own
// handle, while a server may run; Restore holds the one-server lock. A copy gets its name only once it is complete,
// checked and on disk, and the server has been asked to Advance past it. Laws checks a whole database for what its
// schema cannot refuse.
//
// # Failures
//
// Every error is an *Error: one line that says what failed and what to do, with its exit code. A commit refused with
// SQLITE_BUSY or SQLITE_FULL is transient: nothing of it was kept and the same batch may be retried. Any other failure
// of a commit has an unknown outcome; only a restart, which reads the file, can find it out.
package store
