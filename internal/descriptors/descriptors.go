// Package descriptors divides the file descriptors that a process may have.
package descriptors

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"chatme/internal/exit"
)

// Spare descriptors are kept for the database and its backups, the log, the listeners, the admin socket and key files, and
// for a few sockets that end while others have their places.
const Spare = 64

// Connections that are not upgraded have their own share: they never take descriptors promised to sockets, and a server
// that is full of sockets still answers.
const (
	arrivalsShare  = 4 // one descriptor in this many
	mostArrivals   = 1024
	fewestArrivals = 16 // out of the spare ones, if max-conns leaves none

	unauthenticatedShare = 4 // of the sockets
)

// Shares is how the descriptor limit is divided.
type Shares struct {
	Sockets  int // at a time
	Arrivals int // connections that are not upgraded, at a time
}

// Unauthenticated returns how many connections may be open that have not authenticated, upgraded or not.
func (s Shares) Unauthenticated() int { return max(s.Sockets/unauthenticatedShare, fewestArrivals) }

// ShareOut divides limit. configured is max-conns; 0: as many sockets as fit.
func ShareOut(limit int, configured int) (Shares, error) {
	room := limit - Spare
	switch {
	case room <= fewestArrivals:
		return Shares{}, exit.WithCode(exit.Config, errors.New("the descriptor limit leaves no room for sockets; raise it (ulimit -n)"))
	case configured > room:
		return Shares{}, exit.WithCode(exit.Config, fmt.Errorf("max-conns %d does not fit the descriptor limit %d; raise it (ulimit -n)", configured, limit))
	}
	arrivals := min(max(room/arrivalsShare, fewestArrivals), mostArrivals)
	if configured == 0 {
		return Shares{Sockets: room - arrivals, Arrivals: arrivals}, nil
	}
	return Shares{Sockets: configured, Arrivals: min(arrivals, max(room-configured, fewestArrivals))}, nil
}

// Own divides the limit of this process.
func Own(configured int) (Shares, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Shares{}, fmt.Errorf("read the descriptor limit: %w", err)
	}
	return ShareOut(int(min(limit.Cur, 1<<30)), configured)
}
