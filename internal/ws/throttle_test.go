package ws

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle(10)
		a := netip.MustParseAddr("2001:db8:1:2::3")
		neighbour := netip.MustParseAddr("2001:db8:1:2:ffff::9")
		other := netip.MustParseAddr("2001:db8:1:3::3")
		for range 10 {
			if !th.allows(a) {
				t.Fatal("refused before the tenth failure")
			}
			th.failed(a)
		}
		if th.allows(a) || th.allows(neighbour) {
			t.Error("let in after ten failures; an IPv6 /64 is one address")
		}
		if !th.allows(other) {
			t.Error("another network was refused")
		}
		time.Sleep(61 * time.Second)
		if !th.allows(a) {
			t.Error("refused a minute later")
		}
		th.failed(a)
		if th.allows(a) {
			t.Error("more than one per minute")
		}
	})
}

func TestThrottleIsBounded(t *testing.T) {
	th := newThrottle(1)
	for i := range 3 * throttleMax {
		th.failed(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if n := len(th.from); n > throttleMax {
		t.Errorf("%d addresses are remembered, at most %d may be", n, throttleMax)
	}
	for _, addr := range []netip.Addr{{}, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("::ffff:127.0.0.1")} {
		th.failed(addr)
		th.failed(addr)
		if !th.allows(addr) {
			t.Errorf("%v is counted; an unconfigured proxy would make the whole site one address", addr)
		}
	}
}
