package ws

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// keyInterval is how often an address that used up its failures may try again.
	keyInterval = time.Minute
	// throttleMax is how many addresses are remembered; beyond it those that have recovered are dropped first.
	throttleMax = 10_000
)

// throttle counts failed keys by address. Addresses are only kept here, in memory.
type throttle struct {
	mu       sync.Mutex
	failures int // allowed before an address has to wait
	from     map[netip.Prefix]*rate.Limiter
}

func newThrottle(failures int) *throttle {
	return &throttle{failures: failures, from: make(map[netip.Prefix]*rate.Limiter)}
}

// resize changes how many failures are allowed. An address that has to wait still does.
func (t *throttle) resize(failures int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = failures
	for _, l := range t.from {
		l.SetBurst(failures)
	}
}

// prefixOf returns the unit that counts as one address: an IPv4 address or an IPv6 /64.
func prefixOf(addr netip.Addr) (netip.Prefix, bool) {
	addr = addr.Unmap()
	// A loopback peer without a forwarded address is an unconfigured proxy: the whole site would be one address.
	if !addr.IsValid() || addr.IsLoopback() {
		return netip.Prefix{}, false
	}
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	return p, err == nil
}

// allows reports whether addr may upgrade.
func (t *throttle) allows(addr netip.Addr) bool {
	p, ok := prefixOf(addr)
	if !ok {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.from[p]
	return l == nil || l.Tokens() >= 1
}

// failed counts a wrong key.
func (t *throttle) failed(addr netip.Addr) {
	p, ok := prefixOf(addr)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.from[p]
	if l == nil {
		if len(t.from) >= throttleMax {
			t.forget()
		}
		l = rate.NewLimiter(rate.Every(keyInterval), t.failures)
		t.from[p] = l
	}
	l.Allow()
}

// forget drops the addresses that have recovered, or all of them if none has: bounding memory takes priority over
// remembering an attack this wide. The caller holds mu.
func (t *throttle) forget() {
	for p, l := range t.from {
		if l.Tokens() >= float64(t.failures) {
			delete(t.from, p)
		}
	}
	if len(t.from) >= throttleMax {
		clear(t.from)
	}
}
