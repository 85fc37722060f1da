package chat

import "math"

// Moment is when a step happens, by two clocks. Server time measures every duration: windows, deadlines, silence. It
// counts only time in which the server ran, so that a stopped process or a paused machine expires nothing. Wall time is
// what rows, ts and untilMs carry.
type Moment struct {
	Server Time // never goes back within one run
	Wall   Time
	Unsure bool // the wall clock was set, or the server started, a short while ago: no row expires by it
}

// At returns the moment at which both clocks read t.
func At(t Time) Moment { return Moment{Server: t, Wall: t} }

// Sight is what a socket knows of its client. The times are server time.
type Sight struct {
	Opened   Time   // when the socket was opened
	Heard    Time   // when its last byte came; now, while the server does not read it
	Pinged   uint64 // the newest numbered ping that was written; 0: none
	PingedAt Time   // when that was
	Noise    uint64 // the newest ping that had been written when the last frame other than a pong came
	Reading  bool   // part of a message has come, and not all of it
}

// Sees hands in what tells of an attached socket. The lobby calls it within Step, for few sockets. Without it every
// socket has just been heard, and is quiet.
func (l *Lobby) Sees(sight func(ConnID) Sight) { l.sight = sight }

func (l *Lobby) look(c ConnID) Sight {
	if l.sight == nil {
		return Sight{Heard: l.now, Pinged: math.MaxUint64}
	}
	return l.sight(c)
}

// wallTime returns the wall time of a moment in server time, as it looks now.
func (l *Lobby) wallTime(t Time) Time { return l.wall + t - l.now }
