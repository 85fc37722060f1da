package chat

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// crowd is a lobby whose sessions arrive, leave, and say what they prefer, without sockets or chats that last.
type crowd struct {
	*Lobby
	tb      testing.TB
	at      Time
	people  []*session
	batch   Batch
	conns   ConnID
	aliases int
}

func newCrowd(tb testing.TB) *crowd {
	c := &crowd{tb: tb, at: 1_000_000}
	c.Lobby = New(Config{
		NewAlias: func() Alias { c.aliases++; return Alias(fmt.Sprint(c.aliases)) }, Topics: 64, SessionTTL: time.Hour,
		Limits: Limits{
			IdleAfter: time.Hour, ChatWindow: time.Hour, AwayAfter: time.Second, QueueWindow: time.Hour,
			OpenAfter: 5 * time.Second, LateAfter: 10 * time.Second, RematchAfter: 10 * time.Second, RecentFor: 5 * time.Minute,
			MatchEvery: 3 * time.Second, MatchBurst: 10, LowPriority: LowPriorityOn,
			RingMessages: 200, RingBytes: 1 << 20, RingTotal: 1 << 20,
		},
	})
	return c
}

func (c *crowd) do(cmd Command) []Event {
	out := c.Step(At(c.at), &cmd)
	c.TakeBatch(&c.batch)
	return out.Events
}

func (c *crowd) arrive(wants Preferences) *session {
	c.conns++
	c.do(Command{Op: Attach, Conn: c.conns, Auth: &Auth{Resumable: true, Fresh: Hash{byte(c.conns), byte(c.conns >> 8), byte(c.conns >> 16)}}})
	s := c.Lobby.conns[c.conns]
	c.people = append(c.people, s)
	c.do(Command{Op: Prefer, Conn: s.conn, Prefer: &wants})
	return s
}

// expected returns the session that s, which is about to search, meets according to the law: by brute force, from the
// sessions in the queue.
func (c *crowd) expected(s *session) *session {
	type candidate struct {
		s    *session
		rank int
	}
	var all []candidate
	pool, mine := c.poolOf(s), choosy
	if s.wants.Topics == 0 {
		mine = open
	}
	for _, r := range c.people {
		if r.Place == 0 || r == s || c.at < r.notBefore {
			continue
		}
		theirs := choosy
		switch {
		case c.at >= r.since+10_000:
			theirs = late
		case r.wants.Topics == 0 || c.at >= max(r.since, r.asked)+5000:
			theirs = open
		}
		common := s.wants.Topics&r.wants.Topics != 0
		switch { // s has just begun to wait, so it is not late
		case r.ticket.pool != pool && !c.mixes():
		case s.wants.Languages != 0 && r.wants.Languages != 0 && s.wants.Languages&r.wants.Languages == 0:
		case c.metLately(s, r):
		case theirs == late:
			all = append(all, candidate{r, 0})
		case common:
			all = append(all, candidate{r, 1})
		case mine == open && theirs == open:
			all = append(all, candidate{r, 2})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.s.Place, b.s.Place))
	}).s
}

// play takes a few random steps, and checks after each that a session that searches meets the one that the law names.
func (c *crowd) play(r *rand.Rand, steps int) {
	c.tb.Helper()
	for range steps {
		c.at += Time(r.IntN(700))
		wants := Preferences{}
		if r.IntN(3) > 0 {
			one, other := r.IntN(12), r.IntN(12)
			wants.Topics = 1<<one | 1<<other
		}
		if r.IntN(4) == 0 {
			wants.Languages = 1 << r.IntN(3)
		}
		var s *session
		if len(c.people) > 0 {
			s = c.people[r.IntN(len(c.people))]
		}
		switch r.IntN(8) {
		case 0:
			c.arrive(wants)
			continue
		case 1:
			if s != nil {
				c.do(Command{Op: Prefer, Conn: s.conn, Prefer: &wants})
			}
			continue
		case 2:
			if s != nil { // its chats go badly from now on, or well
				n := uint8(r.IntN(2) * needMax)
				s.streaks = streaks{n: [badnesses]uint8{n, n}, last: c.at}
			}
			continue
		}
		if s == nil || s.Place != 0 {
			continue
		}
		c.do(Command{Op: Tick}) // what is due comes first
		if s.Place != 0 || c.at < s.paced-9*3000 {
			continue
		}
		var want *session
		if s.partner == nil { // otherwise the partner is queued, and matched, first
			s.since = c.at // as of now, for metLately
			want = c.expected(s)
		}
		idle := s.partner == nil
		c.do(Command{Op: Search, Conn: s.conn})
		if idle && s.partner != want {
			c.tb.Fatalf("%s, who wants %+v, meets %v, want %v", s.Hash, s.wants, s.partner, want)
		}
		if err := c.Check(); err != nil {
			c.tb.Fatal(err)
		}
	}
}

// TestL3MeetsTheOldest: a session that becomes available meets the oldest that it may meet, the late before the rest, and
// no two that may meet both wait, in the pools and between them.
func TestL3MeetsTheOldest(t *testing.T) {
	for seed := range uint64(60) {
		newCrowd(t).play(rand.New(rand.NewPCG(seed, 1)), 400)
	}
}

// FuzzMatchmaker is TestL3MeetsTheOldest for any seed.
func FuzzMatchmaker(f *testing.F) {
	f.Add(uint64(1), uint16(100))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		newCrowd(t).play(rand.New(rand.NewPCG(seed, 2)), int(steps%1000))
	})
}

// TestL11NobodyStarves: whatever it prefers, a session is matched at the latest with the first that it may meet and that
// becomes available after its tenth second.
func TestL11NobodyStarves(t *testing.T) {
	for topics := range uint64(8) {
		for languages := range uint64(4) {
			c := newCrowd(t)
			s := c.arrive(Preferences{Topics: topics, Languages: languages})
			c.do(Command{Op: Search, Conn: s.conn})
			c.at += 10_000
			c.do(Command{Op: Tick})
			other := c.arrive(Preferences{Topics: 1 << 40, Languages: languages})
			c.do(Command{Op: Search, Conn: other.conn})
			if s.partner != other {
				t.Errorf("topics %b, languages %b: not matched after 10 s", topics, languages)
			}
		}
	}
}

// BenchmarkArrival is one session that becomes available among 64 that wait and cannot meet each other: half of them wait
// too, half meet the session before.
func BenchmarkArrival(b *testing.B) {
	c := newCrowd(b)
	for i := range 64 {
		s := c.arrive(Preferences{Topics: 1 << (i % 12), Languages: 1 << i})
		c.do(Command{Op: Search, Conn: s.conn})
	}
	var two [2]*session
	for i := range two {
		two[i] = c.arrive(Preferences{Topics: 3 << 40, Languages: 1})
		c.lastPlace++
		two[i].Place, two[i].since = c.lastPlace, c.at
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := two[i%2]
		t := c.maker.issue(s)
		t.open = c.openness(s)
		r := c.partnerFor(t)
		if (r != nil) != (i%2 == 1) {
			b.Fatal("met", r)
		}
		if r != nil {
			c.maker.drop(s)
			c.maker.drop(r)
			continue
		}
		c.maker.enter(t)
		t.due = c.window(s)
		c.maker.windows.fix(t)
	}
}
