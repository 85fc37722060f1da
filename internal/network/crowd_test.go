package network

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// join adds n spare members from a network.
func join(c *Crowd[string], from Network, name string, n int) []*Member[string] {
	all := make([]*Member[string], n)
	for i := range all {
		all[i] = new(Member[string])
		c.Join(all[i], fmt.Sprint(name, i), from)
	}
	return all
}

func TestCrowdDisplacesOldestOfLargest(t *testing.T) {
	c := NewCrowd[string]()
	join(c, of("192.0.2.1"), "small", 3)
	large := join(c, of("192.0.2.2"), "large", 6)
	if !c.Engage(large[0]) {
		t.Error("a spare member cannot be engaged")
	}
	for _, want := range []string{"large1", "large2"} {
		got, found := c.Displace(of("192.0.2.3"))
		if !found || got != want {
			t.Errorf("displaced %q, %v, want %s", got, found, want)
		}
	}
	if c.Engage(large[1]) {
		t.Error("a displaced member is engaged")
	}
	c.Spare(large[0])
	c.Leave(large[3])
	if got, _ := c.Displace(of("192.0.2.3")); got != "large4" {
		t.Errorf("displaced %q, want large4: large0 has been spare for less time", got)
	}
	if n := c.Len(); n != 8 {
		t.Errorf("%d members, want 8: the displaced ones leave by themselves", n)
	}
}

// N networks gain no more than N shares, and nothing is gained by coming again and again.
func TestCrowdSharesOut(t *testing.T) {
	const size = 400
	c := NewCrowd[*Member[int]]()
	held := map[Network]int{}
	var open []*Member[*Member[int]]
	from := map[*Member[*Member[int]]]Network{}
	enter := func(n Network) bool {
		if len(open) == size {
			victim, found := c.Displace(n)
			if !found {
				return false
			}
			i := slices.IndexFunc(open, func(m *Member[*Member[int]]) bool { return m.of == victim })
			held[from[open[i]]]--
			c.Leave(open[i])
			open = slices.Delete(open, i, i+1)
		}
		m := new(Member[*Member[int]])
		c.Join(m, new(Member[int]), n)
		open, from[m] = append(open, m), n
		held[n]++
		return true
	}
	attackers := []Network{of("192.0.2.1"), of("192.0.2.2"), of("192.0.2.3"), of("192.0.2.4")}
	for i := range 1000 {
		enter(attackers[i%4])
	}
	for i := range 80 {
		if !enter(Of(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))) {
			t.Fatalf("honest client %d is kept out", i)
		}
	}
	for i := range 10_000 {
		if i%4 == 0 {
			enter(Network{})
		}
		enter(attackers[i%4])
	}
	for i := range 80 {
		if n := held[Of(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))]; n != 1 {
			t.Errorf("honest client %d holds %d sockets after the attack", i, n)
		}
	}
	for _, a := range attackers {
		if n := held[a]; n != 80 {
			t.Errorf("an attacker holds %d, want 80, as all of them", n)
		}
	}
}

// An attacker with a whole /48 holds as one with 16 networks, however many /64s it uses.
func TestCrowdCountsWiderNetworks(t *testing.T) {
	c := NewCrowd[string]()
	for i := range 100 {
		join(c, Of(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 1, byte(i), byte(i)})), "wide", 1)
	}
	join(c, of("192.0.2.1"), "nat", 5)
	if got, found := c.Displace(of("192.0.2.9")); !found || got[:4] != "wide" {
		t.Errorf("displaced %q, %v, want one of the /48", got, found)
	}
	if _, found := c.Displace(of("2001:db8:1:ffff::")); found {
		t.Error("another /64 of the largest /48 displaces a socket")
	}
	if k := c.Counts(of("2001:db8:1:5050::")); k != (Counts{0, 0, 100}) && k != (Counts{1, 1, 100}) {
		t.Errorf("counts %v", k)
	}
	if k := c.Counts(of("2001:db8:1::")); !k.Reach(6) || k.Reach(7) {
		t.Errorf("100 sockets of a /48 reach 16 times 6 and not 16 times 7: %v", k)
	}
	if k := (Counts{1, 1, 1}).Plus(Counts{1, 0, 0}); !k.Reach(2) || k.Reach(3) {
		t.Errorf("2 sockets are %v", k)
	}
}

// An unknown network, that of loopback, displaces nothing, and loses sockets like any other.
func TestCrowdOfUnknownNetwork(t *testing.T) {
	c := NewCrowd[string]()
	join(c, Network{}, "loopback", 10)
	if _, found := c.Displace(Network{}); found {
		t.Error("a newcomer of an unknown network displaces a socket")
	}
	if got, found := c.Displace(of("192.0.2.1")); !found || got != "loopback0" {
		t.Errorf("displaced %q, %v", got, found)
	}
	c.Oldest(func(_ string, held int) Choice {
		if held != 0 {
			t.Errorf("an unknown network holds %d", held)
		}
		return Stop
	})
	if k := c.Counts(Network{}); k != (Counts{}) {
		t.Errorf("an unknown network is limited: %v", k)
	}
}

func TestCrowdOldestAsksFirst(t *testing.T) {
	c := NewCrowd[string]()
	join(c, of("192.0.2.1"), "a", 3)
	join(c, of("192.0.2.2"), "b", 2)
	got, found := c.Oldest(func(each string, held int) Choice {
		if held != 3 {
			t.Errorf("the network of %s holds %d, want 3", each, held)
		}
		if each == "a0" {
			return Skip
		}
		return Take
	})
	if !found || got != "a1" {
		t.Errorf("took %q, %v", got, found)
	}
	if got, found := c.Oldest(func(string, int) Choice { return Stop }); found {
		t.Errorf("took %q", got)
	}
}

// Whatever happens, the heap's choice is that of a search through all members.
func TestCrowdAgainstSearch(t *testing.T) {
	type entry struct {
		m    *Member[int]
		from Network
	}
	random := rand.New(rand.NewPCG(1, 2))
	c := NewCrowd[int]()
	var in []entry
	for step := range 20_000 {
		switch k := random.IntN(10); {
		case k < 4 || len(in) == 0:
			from := Of(netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(6))}))
			if random.IntN(2) == 0 {
				from = Of(netip.AddrFrom16([16]byte{0x20, 1, 5: byte(random.IntN(2)), 6: byte(random.IntN(3)), 7: byte(random.IntN(3))}))
			}
			e := entry{new(Member[int]), from}
			c.Join(e.m, step, from)
			in = append(in, e)
		case k < 7:
			i := random.IntN(len(in))
			c.Leave(in[i].m)
			in = slices.Delete(in, i, i+1)
		case k == 7:
			c.Engage(in[random.IntN(len(in))].m)
		case k == 8:
			c.Spare(in[random.IntN(len(in))].m)
		default:
			c.Oldest(func(int, int) Choice { return Take })
		}
		heaviest := int32(0)
		for _, e := range in {
			if e.m.state == spare {
				for level, id := range e.from.ids {
					if id != 0 {
						heaviest = max(heaviest, weight(c.nodes[id].count, uint8(level)))
					}
				}
			}
		}
		switch kids := c.root.kids; {
		case heaviest == 0 && len(kids) > 0 || heaviest > 0 && (len(kids) == 0 || kids[0].best != heaviest):
			t.Fatalf("step %d: the heaviest weighs %d, but the heap has %v", step, heaviest, kids)
		case heaviest > 0:
			oldest := kids[0].heaviest().head
			for _, e := range in {
				if e.m.state == spare && e.m.leaf == oldest.leaf && e.m.number < oldest.number {
					t.Fatalf("step %d: not the oldest", step)
				}
			}
		}
	}
	for _, e := range in {
		c.Leave(e.m)
	}
	if len(c.nodes) != 0 || len(c.root.kids) != 0 || c.Len() != 0 {
		t.Errorf("an empty crowd keeps %d networks", len(c.nodes))
	}
}

func TestTop(t *testing.T) {
	c := NewCrowd[string]()
	join(c, of("192.0.2.1"), "a", 3)
	join(c, of("2001:db8::1"), "b", 5)
	join(c, Network{}, "c", 2)
	want := []Holding{{of("2001:db8::").ID(), 5, 0.5}, {of("192.0.2.1").ID(), 3, 0.3}}
	if got := c.Top(2); !slices.Equal(got, want) {
		t.Errorf("top %v, want %v", got, want)
	}
	if got := c.Top(10); len(got) != 3 || got[2].ID != 0 {
		t.Errorf("top %v", got)
	}
	if n, largest := c.Spread(); n != 2 || largest != 0.5 {
		t.Errorf("%d networks, the largest with %v of the sockets; want 2 and half", n, largest)
	}
	if n, largest := NewCrowd[string]().Spread(); n != 0 || largest != 0 {
		t.Errorf("without sockets: %d networks, %v", n, largest)
	}
}

func TestHour(t *testing.T) {
	var h Hour
	now := time.Unix(1_800_000_000, 0)
	for i := range 10_000 {
		from := of("192.0.2.1")
		if i%10 == 0 {
			from = Of(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
		}
		h.Opened(from, now.Add(time.Duration(i)*100*time.Millisecond))
	}
	id, share, n := h.Largest(now.Add(20 * time.Minute))
	if id != of("192.0.2.1").ID() || share < 0.84 || share > 0.9 || n != 10_000 {
		t.Errorf("largest %x, %.3f of %d sockets", id, share, n)
	}
	if _, share, n := h.Largest(now.Add(2 * time.Hour)); share != 0 || n != 0 {
		t.Errorf("two hours later: %v of %d", share, n)
	}
}

// A socket that joins, is engaged and leaves while there are others.
func BenchmarkCrowd(b *testing.B) {
	for name, six := range map[string]bool{"v4": false, "v6": true} {
		b.Run(name, func(b *testing.B) {
			c := NewCrowd[int]()
			from := func(i int) Network {
				if six {
					return Of(netip.AddrFrom16([16]byte{0x20, 1, 2: byte(i >> 8), byte(i)}))
				}
				return Of(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
			}
			for i := range 10_000 {
				c.Join(new(Member[int]), i, from(i))
			}
			m, i := new(Member[int]), 0
			for b.Loop() {
				i++
				c.Join(m, i, from(i%10_000))
				c.Engage(m)
				c.Leave(m)
			}
		})
	}
}

func BenchmarkDisplace(b *testing.B) {
	c := NewCrowd[*Member[int]]()
	all := make([]Member[*Member[int]], 50_000)
	for i := range all {
		c.Join(&all[i], nil, Of(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 16)})))
	}
	i := 0
	for b.Loop() {
		m := &all[i%len(all)]
		i++
		c.Leave(m)
		c.Join(m, nil, Of(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 16)})))
		c.Displace(of("192.0.2.1"))
	}
}

func BenchmarkMemory(b *testing.B) {
	for name, from := range map[string]func(i int) Network{
		"v4":     func(i int) Network { return Of(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})) },
		"v6":     func(i int) Network { return Of(netip.AddrFrom16([16]byte{0x20, 1, 2: byte(i >> 8), byte(i)})) },
		"shared": func(int) Network { return of("192.0.2.1") },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c := NewCrowd[int]()
				for i := range 10_000 {
					c.Join(new(Member[int]), i, from(i))
				}
			}
		})
	}
}
