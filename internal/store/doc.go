// Package store keeps the durable part of the lobby, and the mail for who is away, in one SQLite file.
//
// It MUST NOT know of sockets, frames or clocks, but for the pace of its counter, and no text a person wrote ever reaches SQLite: a letter is sealed
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
//	lock file → is the file there, or was there none → lock on the file → is it ours, whole and not newer
//	→ copy and migrate → read the pragmas back → prepare
//	→ Begin: does the witness know this file? → a new boot, COMMIT → the new witness
//
// A start rewrites no row. Each row names the start that wrote it last: a session whose row has no away_since was connected
// in that start, and away since the next one began. So its time away counts from the right moment however many kills
// followed each other, and that of a copy from the start that put it back.
//
// A file that is refused is left as it is. The database file itself is NEVER opened other than through SQLite, not even to
// look at it, but for the lock: closing any descriptor of it drops SQLite's POSIX locks for the whole process
// (https://sqlite.org/howtocorrupt.html, section 2.2). So the descriptor of the lock is opened before SQLite's first and
// closed after its last one, which handles keeps track of. stat and access are harmless.
//
// Before SQLite sees a file, stat tells whether it is the one that was there: SQLite deletes the -wal beside an empty
// database, and writes it into any other. Intact looks again while the Store is open.
//
// # The witness
//
// A database put back from a backup tells of chats whose partners have since gone on: it must not go on with them.
// So beside it lies a file, <database>.witness, that says which start was the last and which file, by device and
// inode, it was made on; of which epoch that start was, how far it had come and whether it had stopped in order:
//
//	boot 3, device 65024, inode 9978398
//	epoch e190bbfcf72d21a7ec3ee8fe387d33bf, counter 0000000017, running, sum 0aca3cbf
//
// A database that has been started and whose witness is missing, does not read as one, or is of another file, of a later
// or of another start, or of a later state of it was put back: it gets a new epoch, and every chat in it ends. The queue
// stays, and so does the mail, as tails; old clients that were in a chat are dropped.
//
// How far a start has come is a counter, in its row and in the witness. It rises at most once a second, and only within a
// commit that happens anyway; and with Advance, after a backup. The witness is ALWAYS written after the COMMIT is on
// disk: a database that is ahead of its witness was killed, or lost power, between the two, and goes on. On the way the
// file is written in place and not synced, so that no commit waits for it. Half of its second line tells nothing, as does
// the witness of an older program, which has none.
//
// It errs on the safe side: a database that was copied to another disk, or met for the first time by a program
// that keeps a witness, is taken for a restored one. And there is something it cannot see: a copy that no backup made,
// copied into the same file, if it lacks less than a second of changes, or after a power cut those since the system wrote
// the witness to disk, half a minute; and a snapshot of the whole disk or machine, which puts back the witness as
// well. Restore deletes the witness. Delete it, too, when you put a database back by hand.
//
// # Copies
//
// Backup, Look and Restore are for other processes than the server's. Backup and Look read through SQLite on a handle of
// their own, so a server may go on; Restore holds the one-server lock. A copy has its name only once it is whole, checked
// and on disk, and the server has been asked to Advance past it. Laws holds a whole database against what its schema cannot refuse.
//
// # Failures
//
// Every error is an *Error: one line that says what and what to do, with the exit code for it. A commit refused
// with SQLITE_BUSY or SQLITE_FULL is transient: nothing of it was kept and the same batch may be tried again.
// Any other failure of a commit has an unknown outcome, and only a restart that reads the file knows the truth.
package store
