package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// spareDescriptors are kept for the database and its backups, the log, the listeners, the admin socket and key files.
const spareDescriptors = 64

// Connections that are not upgraded have a share of their own: they never take what sockets were promised, and a server
// that is full of sockets still answers.
const (
	arrivalsShare  = 4 // one descriptor in so many
	mostArrivals   = 1024
	fewestArrivals = 16 // out of the spare ones, if max-conns leaves none
)

// descriptors is how the limit of descriptors is shared out.
type descriptors struct {
	sockets  int // at a time
	arrivals int // connections that are not upgraded, at a time
}

// shareOut divides limit. configured is max-conns; 0: as many sockets as there is room for.
func shareOut(limit int, configured int) (descriptors, error) {
	room := limit - spareDescriptors
	switch {
	case room <= fewestArrivals:
		return descriptors{}, withCode(exitConfig, errors.New("the descriptor limit leaves no room for sockets; raise it (ulimit -n)"))
	case configured > room:
		return descriptors{}, withCode(exitConfig, fmt.Errorf("max-conns %d does not fit the descriptor limit %d; raise it (ulimit -n)", configured, limit))
	}
	arrivals := min(max(room/arrivalsShare, fewestArrivals), mostArrivals)
	if configured == 0 {
		return descriptors{sockets: room - arrivals, arrivals: arrivals}, nil
	}
	return descriptors{sockets: configured, arrivals: min(arrivals, max(room-configured, fewestArrivals))}, nil
}

// ownDescriptors shares out the limit of this process.
func ownDescriptors(configured int) (descriptors, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return descriptors{}, fmt.Errorf("read the descriptor limit: %w", err)
	}
	return shareOut(int(min(limit.Cur, 1<<30)), configured)
}
