package ws

import (
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// What a waiter is told of: once for each change, so that a goroutine which goes on until it would block, and waits
// then, misses nothing.
const (
	moreToRead  = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	roomToWrite = unix.EPOLLOUT | unix.EPOLLET
)

// waiter wakes goroutines that wait for bare descriptors. It takes none for that: the reader of a socket in the middle
// of a frame waits in one, and its writer in another, as an epoll instance knows each descriptor but once.
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

// stop wakes all, and nobody can wait any more.
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

// watch returns what is sent whenever fd may be ready, until drop. A wake-up may be for nothing. fd MUST be open
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

// drop ends a watch, if there is one: whoever waits is woken. It MUST be called before fd is closed, whose number another
// socket then gets.
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
	for c := newCatch(); ; {
		events, err := c.wait(w.epoll)
		if err != nil {
			return
		}
		w.mu.Lock()
		for _, event := range events {
			if ready, ok := w.waiting[event.Fd]; ok { // or else it was told too late
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
