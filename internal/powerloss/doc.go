// Package powerloss models what a power cut could leave of files, from a log of the system calls of the program that
// wrote them.
//
// It MUST NOT know what is in the files or what the program sends to its peers: only names, bytes and order.
//
// # The log
//
// strace writes the log, with the options in Strace. A call takes effect at its entry, and a sync is complete at its
// return. strace stops the caller at both points, so the log has one order, in which a program that answers after a
// sync is seen to answer after it.
//
// # The disk
//
// What a file held when a sync of it began is durable once that sync returns. Of what was written since, each 512-byte
// sector independently has any of the contents it has had, or the start of one and the rest of an older one. The size
// of the file is any of the sizes it has had; between the old end and the new one there may be zeros. Names in a
// directory change in order, and a power cut may lose any number of the last changes since the last sync of the
// directory: a file that was synced but whose name was not may be missing, or a previous file of the same name may be
// in its place.
//
// This is harsher than most file systems, which also write the name of a file they sync, and gentler than a disk that
// lies about its syncs or damages sectors that were not written.
package powerloss
