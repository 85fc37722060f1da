package ws

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// socketPair returns two ends that do not block.
func socketPair(t *testing.T) (near, far int32) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[1]) })
	return int32(fds[0]), int32(fds[1])
}

func openWaiter(t *testing.T, events uint32) *waiter {
	t.Helper()
	w, err := newWaiter(events)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

// woken wants a wake-up soon; open is false after a stop.
func woken(t *testing.T, ready <-chan struct{}) (open bool) {
	t.Helper()
	select {
	case _, open = <-ready:
		return open
	case <-time.After(time.Minute):
		t.Fatal("it sleeps on")
	}
	return false
}

// What was there before the watch is told, and so is each thing that comes, the end of the peer and a shutdown of one's own.
func TestWaiterTellsOfEverything(t *testing.T) {
	for name, happens := range map[string]func(near, far int32){
		"bytes":         func(_, far int32) { unix.Write(int(far), []byte("x")) },
		"the peer ends": func(_, far int32) { unix.Shutdown(int(far), unix.SHUT_RDWR) },
		"a shutdown":    func(near, _ int32) { shutNow(near) },
	} {
		t.Run(name, func(t *testing.T) {
			w := openWaiter(t, moreToRead)
			for _, early := range []bool{true, false} {
				near, far := socketPair(t)
				if early {
					happens(near, far)
				}
				ready, err := w.watch(near)
				if err != nil {
					t.Fatal(err)
				}
				if !early {
					happens(near, far)
				}
				woken(t, ready)
				w.drop(near)
				closeNow(near)
			}
		})
	}
}

// Whoever waits for a socket that another goroutine closes is woken, and the next one with that number hears nothing of it.
func TestWaiterCloseWakes(t *testing.T) {
	w := openWaiter(t, moreToRead)
	near, _ := socketPair(t)
	ready, err := w.watch(near)
	if err != nil {
		t.Fatal(err)
	}
	w.drop(near)
	closeNow(near)
	woken(t, ready)
	w.drop(near) // nothing is there
	next, far := socketPair(t)
	again, err := w.watch(next)
	if err != nil {
		t.Fatal(err)
	}
	unix.Write(int(far), []byte("x"))
	woken(t, again)
	w.drop(next)
	closeNow(next)
}

// A stop wakes whoever waits, and nobody waits any more.
func TestWaiterStopWakes(t *testing.T) {
	w := openWaiter(t, roomToWrite)
	near, _ := socketPair(t)
	defer closeNow(near)
	for full := make([]byte, 64<<10); ; {
		if _, err := writeNow(near, full); err != nil {
			break
		}
	}
	ready, err := w.watch(near)
	if err != nil {
		t.Fatal(err)
	}
	w.stop()
	if woken(t, ready) {
		t.Error("it was woken for something else")
	}
	if _, err := w.watch(near); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// A flush that waits ends when the socket is closed under it, and when it is shut.
func TestFlushEndsWithItsSocket(t *testing.T) {
	for name, end := range map[string]func(s *socket){
		"closed": func(s *socket) { s.Close() },
		"shut":   (*socket).shut,
	} {
		t.Run(name, func(t *testing.T) {
			e := &Endpoint{keepalive: &keepalive{}, writes: openWaiter(t, roomToWrite)}
			near, _ := socketPair(t)
			c := &Conn{e: e}
			c.socket.by, c.socket.fd = c, near
			defer c.socket.Close()
			for !c.socket.full() {
				if _, err := c.socket.Write(make([]byte, 64<<10)); err != nil {
					t.Fatal(err)
				}
			}
			ended := make(chan error, 1)
			go func() { ended <- c.socket.flush() }()
			for waits := false; !waits; {
				e.writes.mu.Lock()
				waits = len(e.writes.waiting) > 0
				e.writes.mu.Unlock()
			}
			end(&c.socket)
			select {
			case err := <-ended:
				if err == nil {
					t.Error("it says that all was written")
				}
			case <-time.After(time.Minute):
				t.Fatal("it sleeps on")
			}
			if n := len(e.writes.waiting); n > 0 || c.blocked.Load() != 0 {
				t.Error("it is still watched")
			}
		})
	}
}
