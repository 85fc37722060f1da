package ws

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// socketPair returns two non-blocking ends.
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

// woken requires a wake-up soon; open is false after a stop.
func woken(t *testing.T, ready <-chan struct{}) (open bool) {
	t.Helper()
	select {
	case _, open = <-ready:
		return open
	case <-time.After(time.Minute):
		t.Fatal("it was not woken")
	}
	return false
}

// Data that was there before the watch is reported, and so is all that follows, the end of the peer and a local
// shutdown.
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

// A goroutine that waits for a socket that another one closes is woken, and the next socket with that number gets none
// of its events.
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
	w.drop(near) // there is no watch
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

// A stop wakes all waiting goroutines, and no goroutine can wait any more.
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
		t.Error("it was woken for another reason")
	}
	if _, err := w.watch(near); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// A waiting flush ends when its socket is closed, and when it is shut.
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
					t.Error("flush reports that all was written")
				}
			case <-time.After(time.Minute):
				t.Fatal("it was not woken")
			}
			if n := len(e.writes.waiting); n > 0 || c.blocked.Load() != 0 {
				t.Error("the descriptor is still watched")
			}
		})
	}
}
