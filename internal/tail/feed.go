package tail

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// ringSize is how many events can wait for a listener before it loses some.
	ringSize = 1024
	// maxListeners bounds the memory of the listeners: about 250 KiB each.
	maxListeners = 16
)

// ErrFull reports that the maximum number of listeners is reached.
var ErrFull = errors.New("too many tails are running; end one of them")

// ErrClosed reports that the server is stopping.
var ErrClosed = errors.New("the server is stopping")

// Feed passes events to its listeners. It is safe for concurrent use; a nil Feed has no listeners.
type Feed struct {
	// Network names the network with this number; nil: lines name none. It must be set before the first Listen.
	Network func(uint64) string

	listeners atomic.Pointer[[]*Listener] // nil: no listeners; replaced, never changed

	mu      sync.Mutex // guards changes of listeners
	closed  bool
	leaving sync.WaitGroup // one for each Listener
}

// Active reports whether there are listeners; if not, there is no need to publish.
func (f *Feed) Active() bool { return f != nil && f.listeners.Load() != nil }

// Publish gives e to every listener that asked for it. It does not block.
func (f *Feed) Publish(e Event) {
	if f == nil {
		return
	}
	all := f.listeners.Load()
	if all == nil {
		return
	}
	now := time.Now()
	for _, l := range *all {
		l.offer(&e, now)
	}
}

// Listen collects the events that pass filter until the Listener is closed. The error is ErrFull or ErrClosed.
func (f *Feed) Listen(filter Filter) (*Listener, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*Listener
	if now := f.listeners.Load(); now != nil {
		all = *now
	}
	switch {
	case f.closed:
		return nil, ErrClosed
	case len(all) >= maxListeners:
		return nil, ErrFull
	}
	l := &Listener{feed: f, filter: filter, ring: make(chan entry, ringSize), ended: make(chan struct{})}
	all = append(slices.Clone(all), l)
	f.listeners.Store(&all)
	f.leaving.Add(1)
	return l, nil
}

// Close ends all listening: each Listener gets the events in its ring and then ErrClosed. Close returns when all listeners
// have closed, or when ctx ends.
func (f *Feed) Close(ctx context.Context) {
	f.mu.Lock()
	if now := f.listeners.Load(); now != nil && !f.closed {
		for _, l := range *now {
			close(l.ended)
		}
	}
	f.closed = true
	f.mu.Unlock()
	left := make(chan struct{})
	go func() {
		defer close(left)
		f.leaving.Wait()
	}()
	select {
	case <-left:
	case <-ctx.Done():
	}
}

// entry is an event in a ring.
type entry struct {
	Event
	at   time.Time
	lost uint64 // events that had no room since the previous one
}

// Listener collects events for one reader. Next and Close must be called from one goroutine.
type Listener struct {
	// static after Listen
	feed   *Feed
	filter Filter
	ring   chan entry    // buffer ringSize; sent by publishers, which never wait; never closed
	ended  chan struct{} // closed once by Feed.Close

	lost atomic.Uint64 // events that had no room and are not reported yet

	last    entry // taken from the ring, follows a line that reports the events lost before it
	pending bool
}

// offer puts e into the ring if it passes the filter and there is room.
func (l *Listener) offer(e *Event, now time.Time) {
	if !l.filter.passes(e) {
		return
	}
	lost := l.lost.Swap(0)
	select {
	case l.ring <- entry{Event: *e, at: now, lost: lost}:
	default:
		l.lost.Add(lost + 1)
	}
}

// Next waits for the next line and returns it. Lost events are reported in their place. The error is ErrClosed, or that
// of ctx.
func (l *Listener) Next(ctx context.Context) (Line, error) {
	if l.pending {
		l.pending = false
		return l.line(&l.last), nil
	}
	select {
	case e := <-l.ring:
		return l.take(e), nil
	default: // the events in the ring come before the end
	}
	if line, ok := l.remainder(); ok {
		return line, nil
	}
	select {
	case e := <-l.ring:
		return l.take(e), nil
	case <-l.ended:
		if line, ok := l.remainder(); ok {
			return line, nil
		}
		return Line{}, ErrClosed
	case <-ctx.Done():
		return Line{}, ctx.Err()
	}
}

// Waiting reports whether Next would return at once.
func (l *Listener) Waiting() bool { return l.pending || len(l.ring) > 0 }

// take returns e, or first a report of what was lost before it.
func (l *Listener) take(e entry) Line {
	if e.lost == 0 {
		return l.line(&e)
	}
	l.last, l.pending = e, true
	return lostLine(e.lost, e.at)
}

// line returns an event as it is sent.
func (l *Listener) line(e *entry) Line {
	line := e.line(e.at)
	if name := l.feed.Network; name != nil && e.Network != 0 {
		line.Network = name(e.Network)
	}
	return line
}

// remainder reports lost events that no event follows.
func (l *Listener) remainder() (Line, bool) {
	if lost := l.lost.Swap(0); lost > 0 {
		return lostLine(lost, time.Now()), true
	}
	return Line{}, false
}

func lostLine(n uint64, at time.Time) Line {
	e := Event{Type: Lost, Count: int64(n), Failed: true}
	return e.line(at)
}

// Close ends the listening.
func (l *Listener) Close() {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.listeners.Load()
	if now == nil || !slices.Contains(*now, l) {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(*now), func(each *Listener) bool { return each == l })
	if len(rest) == 0 {
		f.listeners.Store(nil)
	} else {
		f.listeners.Store(&rest)
	}
	f.leaving.Done()
}
