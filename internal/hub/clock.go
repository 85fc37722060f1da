package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/chat"
)

const (
	// tickEvery is how often a Clock records that the process runs.
	tickEvery = 100 * time.Millisecond
	// mostATick is the most that one tick adds to server time, however late it is.
	mostATick = 500 * time.Millisecond
	// wallStep is the deviation from which the wall clock counts as having been set.
	wallStep = time.Second
)

// Clock keeps the two times of a chat.Moment. Server time starts at wall time and advances only while the process runs: a
// stopped process or a paused machine adds at most half a second. Wall time advances on its own, and follows the wall
// clock when that is set. Its methods are safe for concurrent use.
type Clock struct {
	start time.Time // static; the origin of all readings
	now   atomic.Pointer[reading]

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// reading is both times at a tick; immutable.
type reading struct {
	at     time.Duration // since start
	server time.Duration // since start
	wall   time.Duration // since start, by the wall clock
	set    time.Duration // server time when the wall clock was last found to have been set, or the start
}

// NewClock returns a clock that runs until Stop.
func NewClock() *Clock {
	c := &Clock{start: time.Now()}
	c.now.Store(&reading{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(tickEvery, c.tick)
	return c
}

// Stop ends the ticks: server time stops advancing half a second later.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
}

func (c *Clock) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	now := time.Now()
	next := c.now.Load().next(now.Sub(c.start), now.Round(0).Sub(c.start.Round(0)))
	c.now.Store(&next)
	c.timer.Reset(tickEvery)
}

// after returns the reading at a later moment, without reading the wall clock.
func (r *reading) after(at time.Duration) reading {
	gap := at - r.at
	return reading{at: at, server: r.server + min(gap, mostATick), wall: r.wall + gap, set: r.set}
}

// next returns the reading at a tick, where real is the time since the start by the wall clock.
func (r *reading) next(at, real time.Duration) reading {
	next := r.after(at)
	if (real - next.wall).Abs() > wallStep {
		next.wall, next.set = real, next.server
	}
	return next
}

// Now returns server time.
func (c *Clock) Now() chat.Time {
	now := c.now.Load().after(time.Since(c.start))
	return c.time(now.server)
}

func (c *Clock) time(since time.Duration) chat.Time {
	return chat.Time(c.start.UnixMilli()).Add(since)
}

// Moment returns both times. The wall clock is Unsure for unsureFor after the start, and after it was set.
func (c *Clock) Moment(unsureFor time.Duration) chat.Moment { return c.MomentOf(c.Stamp(), unsureFor) }

// Stamp returns the current moment as a number, never 0. Reading the system time is most of the cost of a Moment.
func (c *Clock) Stamp() int64 { return int64(time.Since(c.start)) + 1 }

// MomentOf returns the Moment of a stamp.
func (c *Clock) MomentOf(stamp int64, unsureFor time.Duration) chat.Moment {
	now := c.now.Load().after(time.Duration(stamp - 1))
	return chat.Moment{Server: c.time(now.server), Wall: c.time(now.wall), Unsure: now.server-now.set < unsureFor}
}

// Since returns how long ago a stamp was taken, whether the process ran or not.
func (c *Clock) Since(stamp int64) time.Duration { return time.Duration(c.Stamp() - stamp) }
