// Package powerloss tells what a power cut could leave of files, from a log of the system calls of the program that
// wrote them.
//
// It MUST NOT know what is in the files or what the program says to its peers: only names, bytes and order.
//
// # The log
//
// strace writes it, with the options of Strace. A call has effect from its entry on, and a sync is over at its return;
// strace stops the caller at both, so the log has one order in which a program that answers after a sync is seen to
// answer after it.
//
// # The disk
//
// What a file held when a sync of it began is durable once that sync returns. Of what was written since, each sector
// of 512 bytes has, independently, any of the contents it has had, or a beginning of one and the rest of an older one.
// The size of the file is any of those it has had; between the old end and the new one there may be zeros. Names in a
// directory come and go in order, and the last of that is lost up to the last sync of the directory: a file that was
// synced and whose name was not may be gone, or its former namesake be there.
//
// That is harsher than most file systems, which write the names of a file they sync, and gentler than a disk that
// lies about its syncs or damages sectors nobody wrote.
package powerloss
