// Package dbfile opens one SQLite file safely: it has the settings of every connection, the one-server lock, the table of
// what this process has open, and the errors that say what to do. It MUST NOT know what is in the file: that is package store.
//
// The database file itself is NEVER opened other than through SQLite, not even to look at it, except for the lock: closing any
// descriptor of it drops SQLite's POSIX locks for the whole process (https://sqlite.org/howtocorrupt.html, section 2.2). So
// the descriptor of the lock is opened before SQLite's first and closed after its last one, which Handles keeps track of. stat
// and access are harmless.
package dbfile
