package ws

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// readyAtOnce is the maximum number of descriptors reported by one system call.
const readyAtOnce = 64

// epoll is an epoll instance (epoll(7)). It is in Go's own poller, so that waiting for it pins no thread.
type epoll struct {
	file *os.File
	raw  syscall.RawConn
}

func newEpoll() (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that os registers it with the poller
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &epoll{file: os.NewFile(uintptr(fd), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, err
	}
	return p, nil
}

// close ends every wait.
func (p *epoll) close() { p.file.Close() }

// add reports events of fd under the number name, until remove or the close of fd.
func (p *epoll) add(fd int32, events uint32, name int32) error {
	return p.control(fd, unix.EPOLL_CTL_ADD, &unix.EpollEvent{Events: events, Fd: name})
}

// remove undoes add. An error means that fd is closed.
func (p *epoll) remove(fd int32) error { return p.control(fd, unix.EPOLL_CTL_DEL, nil) }

func (p *epoll) control(fd int32, op int, event *unix.EpollEvent) error {
	var failed error
	err := p.raw.Control(func(epoll uintptr) { failed = unix.EpollCtl(int(epoll), op, int(fd), event) })
	return errors.Join(failed, err)
}

// catch is what one goroutine needs to look for events.
type catch struct {
	events [readyAtOnce]unix.EpollEvent
	n      int                 // number of events
	failed error               // error of the last system call
	once   func(epoll uintptr) // kept, to avoid allocating it each time
}

func newCatch() *catch {
	c := &catch{}
	c.once = func(epoll uintptr) { c.look(epoll) }
	return c
}

// look fetches what has happened, and reports whether a wait is over.
func (c *catch) look(epoll uintptr) bool {
	c.n, c.failed = unix.EpollWait(int(epoll), c.events[:], 0)
	c.n = max(c.n, 0)
	return c.n > 0 || c.failed != nil && c.failed != unix.EINTR
}

// try fetches what has happened. After an error that is nothing.
func (c *catch) try(p *epoll) {
	c.n = 0
	p.raw.Control(c.once)
}

// wait calls look, or what has called it, until that returns true. An error means that p is closed.
func (c *catch) wait(p *epoll, look func(epoll uintptr) bool) error {
	c.n, c.failed = 0, nil
	return errors.Join(p.raw.Read(look), c.failed)
}
