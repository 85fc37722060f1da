package network

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func of(text string) Network { return Of(netip.MustParseAddr(text)) }

func TestNetworkOf(t *testing.T) {
	for _, unknown := range []Network{Of(netip.Addr{}), of("127.0.0.1"), of("127.3.2.1"), of("::1"), of("::ffff:127.0.0.1")} {
		if unknown.IsKnown() || unknown != (Network{}) {
			t.Errorf("%v is a network; an unconfigured proxy would make the whole site one", unknown)
		}
	}
	a := of("192.0.2.1")
	if !a.IsKnown() || a != of("::ffff:192.0.2.1") || a.ID() == of("192.0.2.2").ID() {
		t.Error("IPv4 addresses are not networks of their own, in one form")
	}
	b := of("2001:db8:1:2::3")
	if b != of("2001:db8:1:2:ffff::9") {
		t.Error("a /64 is more than one network")
	}
	for level, other := range []Network{of("2001:db8:1:3::"), of("2001:db8:1:100::"), of("2001:db8:2::")} {
		for i := range levels {
			if same := b.ids[i] == other.ids[i]; same != (i > level) {
				t.Errorf("neighbor %d: level %d is the same: %v", level, i, same)
			}
		}
	}
	if OfSession([]byte("a")) == OfSession([]byte("b")) || !OfSession(nil).IsKnown() {
		t.Error("sessions are not told apart")
	}
}

func TestTable(t *testing.T) {
	r := NewRate(10, 1, time.Minute)
	table := new(Table)
	a, other := of("192.0.2.1"), of("192.0.2.2")
	for range 10 {
		if wait := table.Allow(a, r, 1, start); wait != 0 {
			t.Fatalf("the burst waits %v", wait)
		}
	}
	for range 3 {
		if wait := table.Allow(a, r, 1, start); wait != time.Minute {
			t.Errorf("beyond the burst the wait is %v: a refusal must not be charged", wait)
		}
	}
	if wait := table.Wait(other, r, 1, start); wait != 0 {
		t.Errorf("another network waits %v", wait)
	}
	if wait := table.Take(a, r, 1, start); wait != time.Minute {
		t.Errorf("the eleventh waits %v", wait)
	}
	if wait := table.Wait(a, NewRate(20, 1, time.Minute), 1, start); wait != 0 {
		t.Errorf("a higher rate does not apply at once, but after %v", wait)
	}
	for range 1000 {
		if table.Take(Network{}, r, 1, start) != 0 || table.Wait(Network{}, r, 1, start) != 0 {
			t.Fatal("a limit applies to an unknown network")
		}
	}
}

// A /56 may use 4 times and a /48 16 times as much as a /64 in it.
func TestTableOfPrefixes(t *testing.T) {
	r := NewRate(10, 1, time.Minute)
	passes := func(from func(i int) Network) (n int) {
		table := new(Table)
		for i := range 1000 {
			if table.Allow(from(i), r, 1, start) == 0 {
				n++
			}
		}
		return n
	}
	address := func(sixth, eighth byte) Network {
		return Of(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, sixth, eighth}))
	}
	for name, tt := range map[string]struct {
		from func(i int) Network
		want int
	}{
		"one /64":             {func(int) Network { return address(0, 0) }, 10},
		"all /64s of a /56":   {func(i int) Network { return address(0, byte(i)) }, 40},
		"many /64s of a /48":  {func(i int) Network { return address(byte(i), byte(i>>8)) }, 160},
		"all of one IPv4 /24": {func(i int) Network { return Of(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})) }, 1000},
	} {
		if got := passes(tt.from); got != tt.want {
			t.Errorf("%s: %d pass, want %d", name, got, tt.want)
		}
	}
}

// Known defect: 65,536 networks of one IPv6 /48 made the server forget all wrong keys, its own and those of others.
func TestFloodOfNetworksHidesNothing(t *testing.T) {
	r := NewRate(10, 1, time.Minute)
	table := new(Table)
	guilty := of("192.0.2.1")
	for range 10 {
		table.Allow(guilty, r, 1, start)
	}
	for i := range 1 << 16 {
		from := Of(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, byte(i >> 8), byte(i)}))
		for range 10 {
			table.Allow(from, r, 1, start)
		}
	}
	if table.Wait(guilty, r, 1, start) == 0 {
		t.Error("the wrong keys of another network were forgotten")
	}
	refused := 0
	for i := range 10_000 {
		if table.Wait(Of(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})), r, 1, start) > 0 {
			refused++
		}
	}
	if refused > 5 {
		t.Errorf("%d of 10,000 networks without a wrong key are refused", refused)
	}
}

func TestTableCountsConcurrentUse(t *testing.T) {
	r := NewRate(100, 1, time.Hour)
	table := new(Table)
	from := of("2001:db8::1")
	var all sync.WaitGroup
	var free atomic.Int64
	for range 4 {
		all.Go(func() {
			for range 1000 {
				if table.Take(from, r, 1, start) == 0 {
					free.Add(1)
				}
			}
		})
	}
	all.Wait()
	// Two goroutines that take at the same moment may each see what the other takes.
	if n := free.Load(); n < 96 || n > 104 {
		t.Errorf("%d units are free, want the burst of 100", n)
	}
	if wait := table.Wait(from, r, 1, start); wait != 3901*time.Hour {
		t.Errorf("after 4,000 units the wait is %v, want 3901h", wait)
	}
}

// The honest peak: 10,000 clients of different networks, and 50 behind one address, come back within 9 s of a restart.
func TestComebackAfterRestartPasses(t *testing.T) {
	const crowd, within, maxConns = 10_000, 9 * time.Second, 20_000
	c := int64(max(64, maxConns/16))
	tables := new(Tables)
	rates := Rates{
		Connects: NewRate(c, c, time.Minute), Sessions: NewRate(c, 1, time.Second),
		Searches: NewRate(100, 20, time.Second), Bytes: NewRate(256<<20, 8<<20, time.Second),
	}
	for i := range crowd {
		now := start + int64(within)*int64(i)/crowd
		from := Of(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
		if i%(crowd/50) == 0 {
			from = of("192.0.2.1")
		}
		wait := tables.Connects.Allow(from, rates.Connects, 1, now) + tables.Sessions.Take(from, rates.Sessions, 1, now) +
			tables.Searches.Take(from, rates.Searches, 1, now) + tables.Bytes.Take(from, rates.Bytes, 500, now)
		if wait > 0 {
			t.Fatalf("client %d waits %v", i, wait)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	for name, addr := range map[string]netip.Addr{"v4": netip.MustParseAddr("192.0.2.1"), "v6": netip.MustParseAddr("2001:db8::1")} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if !Of(addr).IsKnown() {
					b.Fatal("no network")
				}
			}
		})
	}
}

func BenchmarkTable(b *testing.B) {
	r := NewRate(100, 20, time.Second)
	for name, six := range map[string]bool{"v4": false, "v6": true} {
		b.Run(name, func(b *testing.B) {
			table := new(Table)
			many := make([]Network, 1<<16)
			for i := range many {
				if many[i] = Of(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})); six {
					many[i] = Of(netip.AddrFrom16([16]byte{0x20, 1, 2: byte(i >> 8), byte(i)}))
				}
			}
			i := 0
			for b.Loop() {
				i++
				table.Take(many[i%len(many)], r, 1, start+int64(i))
			}
		})
	}
}
