// Package store keeps the durable part of the lobby, and the mail for who is away, in one SQLite file.
//
// It MUST NOT know of sockets, frames or clocks, and no text a person wrote ever reaches SQLite: a letter is sealed
// (package seal) before anything of it is bound to a statement. The secret behind a session's hash passes through
// here when its client presents it, to derive a key or to open mail; it is neither kept nor logged. What a session
// does next is decided in chat; the constraints of the schema only refuse what the laws forbid.
//
// # Shape
//
// One row of the table sessions is one chat.Record, one row of mailbox one place in a mailbox. A batch is the net rows
// since the last batch, so whoever is queued and matched within it is written once; then its letters, then the
// receipts that delete letters. Batches go through a writer handle of exactly one connection, in one IMMEDIATE
// transaction each, with synchronous=FULL: when Commit returns nil the batch survives a power loss on a disk whose
// fsync is honest. Letters are sealed before the transaction begins, and once, however often the batch is tried.
// Everything else reads through a second handle that is opened read-only; a replay reads a row at a time and holds no
// connection while its reader is slow. The writer never gets the context of a request: the driver interrupts a
// statement when its context ends, and an interrupted COMMIT has an unknown outcome.
//
// # Mail
//
// A letter is bound to the epoch of the start in which its chat began, to the chat, its receiver, its sender's alias
// and its number. What no longer opens, because its row was changed, is given to the reader as an empty place, which
// its client shows as a gap, and logged. A row that is taken out is a hole in the numbers, which shows too, but for
// the last ones: those the sender's next resume tells of, because it says what was acknowledged.
//
// # Start
//
//	lock file → is the file ours, whole and not newer → copy and migrate → read the pragmas back → prepare
//	→ Begin: does the witness know this file? → a new boot, everybody away, COMMIT → the new witness
//
// A file that is refused is left as it is. The database file itself is NEVER opened other than through SQLite,
// not even to look at it: closing any descriptor of it drops SQLite's POSIX locks for the whole process
// (https://sqlite.org/howtocorrupt.html, section 2.2). stat and access are harmless.
//
// # The witness
//
// A database put back from a backup tells of chats whose partners have since gone on: it must not go on with them.
// So beside it lies a file, <database>.witness, that says which start was the last and which file, by device and
// inode, it was made on. A database that has been started and whose witness is missing, does not read as one, or is of
// another file or of a later start was put back: it gets a new epoch, and every chat in it ends. The queue stays, and so does the
// mail, as tails; old clients that were in a chat are dropped. A database whose last start is later than its witness
// was killed between the two, and goes on.
//
// It errs on the safe side: a database that was copied to another disk, or met for the first time by a program
// that keeps a witness, is taken for a restored one. And there is something it cannot see: a backup of this very
// start that is copied into the same file, or into one that happens to get the same inode again; and a snapshot of
// the whole disk or machine, which puts back the witness as well. Restore deletes the witness, and so should whoever
// puts a database back by hand.
//
// # Copies
//
// Backup, Look and Restore are for other processes than the server's. Backup and Look read through SQLite on a handle of
// their own, so a server may go on; Restore holds the one-server lock. A copy has its name only once it is whole, checked
// and on disk. Laws holds a whole database against what its schema cannot refuse.
//
// # Failures
//
// Every error is an *Error: one line that says what and what to do, with the exit code for it. A commit refused
// with SQLITE_BUSY or SQLITE_FULL is transient: nothing of it was kept and the same batch may be tried again.
// Any other failure of a commit has an unknown outcome, and only a restart that reads the file knows the truth.
package store
