package load

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pollBatch    = 256
	pollIn       = unix.EPOLLIN
	pollInAndOut = unix.EPOLLIN | unix.EPOLLOUT
)

var errWouldBlock error = unix.EAGAIN

// poll reports which sockets are ready. One goroutine that uses epoll directly takes half the CPU of one goroutine per
// socket, and the load shares its cores with the server.
type poll struct {
	epoll, timer int
	base         time.Time // of now
	armed        int64     // what the timer is set to
	events       [pollBatch]unix.EpollEvent
}

func newPoll() (*poll, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		unix.Close(epoll)
		return nil, fmt.Errorf("timer: %w", err)
	}
	p := &poll{epoll: epoll, timer: timer, base: time.Now()}
	return p, p.add(timer, pollIn)
}

func (p *poll) close() {
	unix.Close(p.epoll)
	unix.Close(p.timer)
}

func (p *poll) add(fd int, what uint32) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: what, Fd: int32(fd)})
}

func (p *poll) change(fd int, what uint32) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: what, Fd: int32(fd)})
}

// now returns the time that wait uses: nanoseconds since the poll was created.
func (p *poll) now() int64 { return int64(time.Since(p.base)) }

// wait calls ready for each socket that can be read or written, and returns by the moment until. It has its own timer,
// because epoll's counts in milliseconds.
func (p *poll) wait(until int64, ready func(fd int)) error {
	block := -1
	switch left := until - p.now(); {
	case left <= 0:
		block = 0
	case until != p.armed:
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(left)}
		if err := unix.TimerfdSettime(p.timer, 0, &spec, nil); err != nil {
			return fmt.Errorf("timer: %w", err)
		}
		p.armed = until
	}
	n, err := unix.EpollWait(p.epoll, p.events[:], block)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("epoll: %w", err)
	}
	for _, e := range p.events[:max(n, 0)] {
		if int(e.Fd) == p.timer {
			var expired [8]byte
			unix.Read(p.timer, expired[:])
			p.armed = 0
			continue
		}
		ready(int(e.Fd))
	}
	return nil
}

// dial starts connecting a socket, from the given address if it is valid.
func dial(to netip.AddrPort, from netip.Addr) (fd int, err error) {
	family := unix.AF_INET
	if to.Addr().Is6() {
		family = unix.AF_INET6
	}
	if fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if from.IsValid() {
		// The kernel chooses the port when the other end is known, so that all ports of each address can be used for it.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return -1, fmt.Errorf("socket: %w", err)
		}
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(from, 0))); err != nil {
			return -1, fmt.Errorf("bind: %w", err)
		}
	}
	if err := unix.Connect(fd, sockaddr(to)); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// dialed returns how a dial ended.
func dialed(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

func readSocket(fd int, into []byte) (int, error)  { return unix.Read(fd, into) }
func writeSocket(fd int, data []byte) (int, error) { return unix.Write(fd, data) }
func closeSocket(fd int)                           { unix.Close(fd) }
