package ws

import (
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// The events of a waiter, edge-triggered: a goroutine that continues until it would block, and only then waits, misses
// none.
const (
	moreToRead  = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	roomToWrite = unix.EPOLLOUT | unix.EPOLLET
)

// waiter wakes goroutines that wait for bare descriptors. It needs no descriptors of its own for that: the reader of a
// socket with a partial frame waits in one waiter, and its writer in another, because an epoll instance registers each
// descriptor only once.
type waiter struct {
	epoll  *epoll
	events uint32

	mu      sync.Mutex
	waiting map[int32]chan struct{} // by descriptor; buffer 1, sent by run and drop; closed by stop
	stopped bool
}

func newWaiter(events uint32) (*waiter, error) {
	epoll, err := newEpoll()
	if err != nil {
		return nil, err
	}
	w := &waiter{epoll: epoll, events: events, waiting: make(map[int32]chan struct{})}
	go w.run()
	return w, nil
}

// stop wakes all waiting goroutines and prevents new waits.
func (w *waiter) stop() {
	w.epoll.close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	for _, ready := range w.waiting {
		close(ready)
	}
	clear(w.waiting)
}

// watch returns a channel that receives whenever fd may be ready, until drop. Wake-ups may be spurious. fd MUST be open
// until it returns.
func (w *waiter) watch(fd int32) (<-chan struct{}, error) {
	ready := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return nil, net.ErrClosed
	}
	if err := w.epoll.add(fd, w.events, fd); err != nil {
		return nil, err
	}
	w.waiting[fd] = ready
	return ready, nil
}

// drop ends a watch, if there is one, and wakes its goroutine. It MUST be called before fd is closed, because another
// socket then gets its number.
func (w *waiter) drop(fd int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ready, ok := w.waiting[fd]
	if !ok {
		return
	}
	delete(w.waiting, fd)
	w.epoll.remove(fd)
	wake(ready)
}

func (w *waiter) run() {
	c := newCatch()
	for look := c.look; c.wait(w.epoll, look) == nil; {
		w.mu.Lock()
		for _, event := range c.events[:c.n] {
			if ready, ok := w.waiting[event.Fd]; ok { // otherwise the event came too late
				wake(ready)
			}
		}
		w.mu.Unlock()
	}
}

func wake(ready chan struct{}) {
	select {
	case ready <- struct{}{}:
	default:
	}
}
