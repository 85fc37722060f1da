package chat

import "math"

// Moment is when a step happens, by two clocks. Server time measures every duration: windows, deadlines, silence. It
// counts only time in which the server ran, so a stopped process or a paused machine expires nothing. Rows, ts and
// untilMs carry wall time.
type Moment struct {
	Server Time // never goes back within one run
	Wall   Time
	Unsure bool // the wall clock was set, or the server started, recently: no row expires by it
}

// At returns the moment at which both clocks read t.
func At(t Time) Moment { return Moment{Server: t, Wall: t} }

// Sight is what a socket knows about its client. The times are server time.
type Sight struct {
	Opened   Time   // when the socket was opened
	Heard    Time   // when its last byte arrived; now, while the server is not reading from it
	Pinged   uint64 // the newest numbered ping that was written; 0: none
	PingedAt Time   // when that was
	Noise    uint64 // the newest ping that was written before the last frame other than a pong arrived
	Reading  bool   // part of a message has arrived, but not all of it
}

// Sees sets the function that reports what an attached socket knows. The lobby calls it within Step, for few sockets.
// Without it every socket counts as just heard, and quiet.
func (l *Lobby) Sees(sight func(ConnID) Sight) { l.sight = sight }

func (l *Lobby) look(c ConnID) Sight {
	if l.sight == nil {
		return Sight{Heard: l.now, Pinged: math.MaxUint64}
	}
	return l.sight(c)
}

// wallTime converts server time to wall time, as of now.
func (l *Lobby) wallTime(t Time) Time { return l.wall + t - l.now }
