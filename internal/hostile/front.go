package hostile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/protocol"
)

const (
	// attackAddress is the address of all that an attack does.
	attackAddress = "203.0.113.66"
	// waveEvery is how often an attack comes again with the sockets that it has lost.
	waveEvery = 5 * time.Second
	// enterWithin bounds what a socket of an attack waits for before the attack itself.
	enterWithin = 10 * time.Second
	// attackSources is the number of loopback addresses that an attack dials from: each has 28,000 ports.
	attackSources = 16
)

// front is what an attack works with. It is safe for concurrent use.
type front struct {
	ctx     context.Context // ends with the attack
	at, key string
	scale   float64
	ready   func() // the attack calls it once it is prepared
	running sync.WaitGroup
	dialed  atomic.Int32

	mu     sync.Mutex
	counts map[string]int
}

func newFront(ctx context.Context, at, key string, scale float64) *front {
	return &front{ctx: ctx, at: at, key: key, scale: scale, counts: map[string]int{}}
}

// scaled returns n at the attack's scale, at least 2 and even.
func (f *front) scaled(n int) int { return max(int(float64(n)*f.scale)/2*2, 2) }

// count counts something that happened.
func (f *front) count(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[what]++
}

// failed counts why a socket ended or was refused, unless the attack is over.
func (f *front) failed(err error) {
	switch closed, isClosed := errors.AsType[*closedError](err); {
	case err == nil || f.ctx.Err() != nil:
	case isClosed:
		f.count(fmt.Sprintf("closed %d", closed.code))
	case errors.Is(err, errRefused):
		f.count("refused")
	default:
		f.count("lost")
	}
}

func (f *front) counted() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts)
}

// connect opens a connection, which ends with the attack.
func (f *front) connect() (net.Conn, error) {
	source := net.IPv4(127, 0, 2, byte(1+f.dialed.Add(1)%attackSources))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: source}, Timeout: enterWithin}
	conn, err := dialer.DialContext(f.ctx, "tcp", f.at)
	if err != nil {
		return nil, err
	}
	conn.(*net.TCPConn).SetLinger(0) // the port is free at once
	context.AfterFunc(f.ctx, func() { conn.Close() })
	return conn, nil
}

// waves keeps n sockets busy: once opens one and returns when it has ended. Those that have ended come again together.
func (f *front) waves(n int, once func() error) {
	began := time.Now()
	for range f.scaled(n) {
		f.running.Go(func() {
			for f.ctx.Err() == nil {
				f.count("sockets")
				f.failed(once())
				if !f.wait(waveEvery - time.Since(began)%waveEvery) {
					return
				}
			}
		})
	}
}

// wait waits for d, and reports whether the attack continues.
func (f *front) wait(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-f.ctx.Done():
		return false
	}
}

// couple is two sockets of an attack that chat with each other.
type couple [2]*member

// member is a socket in a chat.
type member struct {
	*socket
	session protocol.ServerMessage
	partner string
}

// couples opens n sockets that chat with each other in pairs. No other client may search meanwhile.
func (f *front) couples(n int) (all []couple) {
	for range f.scaled(n) / 2 {
		c, err := f.couple()
		if err != nil {
			f.failed(err)
			continue
		}
		f.count("couples")
		all = append(all, c)
	}
	return all
}

func (f *front) couple() (c couple, err error) {
	for i := range c {
		if c[i], err = f.searching(); err != nil {
			return c, err
		}
	}
	for _, m := range c {
		if err := m.meets(enterWithin); err != nil {
			return c, err
		}
	}
	return c, nil
}

// searching opens a socket with a new session that searches.
func (f *front) searching() (*member, error) {
	s, hello, err := f.enter()
	if err != nil {
		return nil, err
	}
	return &member{socket: s, session: hello}, s.say(`{"type":"search"}`)
}

// meets waits until m has a partner.
func (m *member) meets(within time.Duration) error {
	m.conn.SetReadDeadline(time.Now().Add(within))
	defer m.conn.SetReadDeadline(time.Time{})
	for {
		got, err := m.hear()
		if err != nil {
			return err
		}
		if got.Type == "matched" {
			m.partner = got.PartnerID
			return nil
		}
	}
}

// listen answers pings, and takes everything else, until the socket ends.
func (s *socket) listen() error {
	for {
		if _, err := s.hear(); err != nil {
			return err
		}
	}
}
