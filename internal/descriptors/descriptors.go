// Package descriptors shares out the descriptors that a process may have.
package descriptors

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"chatme/internal/exit"
)

// Spare are kept for the database and its backups, the log, the listeners, the admin socket and key files.
const Spare = 64

// Connections that are not upgraded have a share of their own: they never take what sockets were promised, and a server
// that is full of sockets still answers.
const (
	arrivalsShare  = 4 // one descriptor in so many
	mostArrivals   = 1024
	fewestArrivals = 16 // out of the spare ones, if max-conns leaves none
)

// Shares is how the limit of descriptors is shared out.
type Shares struct {
	Sockets  int // at a time
	Arrivals int // connections that are not upgraded, at a time
}

// ShareOut divides limit. configured is max-conns; 0: as many sockets as there is room for.
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

// Own shares out the limit of this process.
func Own(configured int) (Shares, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Shares{}, fmt.Errorf("read the descriptor limit: %w", err)
	}
	return ShareOut(int(min(limit.Cur, 1<<30)), configured)
}
