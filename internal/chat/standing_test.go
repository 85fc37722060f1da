package chat

import (
	"testing"
	"time"
)

// from is arrive for a session of a network.
func (c *crowd) from(n Network) *session {
	s := c.arrive(Preferences{})
	s.network = n
	return s
}

// chats makes two sessions, neither of which is in the queue, have a chat that lasts d and in which a and b write so many
// messages. a leaves it, and both leave the queue.
func (c *crowd) chats(a, b *session, d time.Duration, wordsOfA, wordsOfB int) {
	c.tb.Helper()
	for _, s := range []*session{a, b} {
		s.former, s.paced = nil, 0
		c.do(Command{Op: Search, Conn: s.conn})
	}
	if a.partner != b {
		c.tb.Fatalf("%s is not matched with %s", a.Hash, b.Hash)
	}
	for s, words := range map[*session]int{a: wordsOfA, b: wordsOfB} {
		for range words {
			c.do(Command{Op: Send, Conn: s.conn, Text: "hello"})
		}
	}
	c.at = c.at.Add(d)
	c.do(Command{Op: Search, Conn: a.conn})
	for _, s := range []*session{a, b} {
		c.maker.drop(s)
		s.Place, s.QueuedAt = 0, 0
	}
}

// prove makes proven sessions of networks 1 and 2.
func (c *crowd) prove() (a, b *session) {
	a, b = c.from(1), c.from(2)
	c.chats(a, b, properFor, properWords, properWords)
	return a, b
}

func TestAProperChatProvesBoth(t *testing.T) {
	for name, tt := range map[string]struct {
		of, with           Network
		d                  time.Duration
		wordsOfA, wordsOfB int
		proven             bool
	}{
		"proper":            {1, 2, 20 * time.Second, 2, 2, true},
		"too short":         {1, 2, 20*time.Second - 1, 2, 2, false},
		"one-sided":         {1, 2, time.Hour, 20, 1, false},
		"of one network":    {1, 1, time.Hour, 20, 20, false},
		"without a network": {0, 2, time.Hour, 20, 20, false},
	} {
		c := newCrowd(t)
		a, b := c.from(tt.of), c.from(tt.with)
		c.chats(a, b, tt.d.Truncate(time.Millisecond), tt.wordsOfA, tt.wordsOfB)
		if a.proven != tt.proven || b.proven != tt.proven {
			t.Errorf("%s: proven %v and %v", name, a.proven, b.proven)
		}
	}
}

// TestOnlyProvenSessionsJudge: silent bots cannot make honest sessions stand out.
func TestOnlyProvenSessionsJudge(t *testing.T) {
	c := newCrowd(t)
	honest := c.from(1)
	for n := range Network(200) {
		c.chats(c.from(100+n), honest, time.Second, 0, 3)
	}
	if honest.standsOut(c.Lobby) || honest.streaks.n != [badnesses]uint8{} {
		t.Errorf("stands out: %+v", honest.streaks)
	}
}

// TestLeaverStandsOut: a session that leaves every chat within seconds stands out after as many as one proven session in
// 10,000 has in a row, and so does the next session of its network.
func TestLeaverStandsOut(t *testing.T) {
	c := newCrowd(t)
	judge, _ := c.prove()
	bot := c.from(9)
	need := int(c.standings.need[short])
	for n := range need {
		if bot.standsOut(c.Lobby) {
			t.Fatalf("stands out after %d of %d", n, need)
		}
		c.chats(bot, judge, time.Second, 1, 1)
	}
	if !bot.standsOut(c.Lobby) || c.poolOf(bot) != lowPool {
		t.Errorf("does not stand out after %d", need)
	}
	if next := c.from(9); !next.standsOut(c.Lobby) {
		t.Error("a new session of its network does not stand out")
	}
	if other := c.from(8); other.standsOut(c.Lobby) {
		t.Error("a session of another network stands out")
	}
	if judge.standsOut(c.Lobby) {
		t.Error("the judge stands out")
	}
	c.at = c.at.Add(networkStreakFor)
	c.do(Command{Op: Tick})
	if bot.standsOut(c.Lobby) {
		t.Error("its streaks do not lapse")
	}
}

// TestStreaksLastWhileItChats: a network in the low-priority pool, which seldom meets a judge, does not leave it for that.
func TestStreaksLastWhileItChats(t *testing.T) {
	c := newCrowd(t)
	bot, other := c.from(9), c.from(8)
	*c.standings.networks.of(9, c.at) = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
	bot.streaks = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
	for range 4 * networkStreakFor / streakFor {
		c.chats(bot, other, streakFor-time.Second, 1, 1)
	}
	if !bot.standsOut(c.Lobby) || !c.from(9).standsOut(c.Lobby) {
		t.Error("the streaks of the session or of its network lapse although it chats")
	}
	bot.proven = true
	c.chats(bot, other, streakFor, 1, 1)
	c.at = c.at.Add(-time.Millisecond)
	if bot.standsOut(c.Lobby) {
		t.Error("the streaks of a proven session last without a judge")
	}
	bot.proven = false
	c.at = c.at.Add(networkStreakFor + time.Millisecond)
	c.do(Command{Op: Tick})
	if bot.standsOut(c.Lobby) {
		t.Error("the streaks do not lapse without a chat")
	}
}

// TestChatIsJudgedAsSoonAsItIsProper: not at its end, and once.
func TestChatIsJudgedAsSoonAsItIsProper(t *testing.T) {
	c := newCrowd(t)
	judge, _ := c.prove()
	s := c.from(5)
	s.streaks = streaks{n: [badnesses]uint8{3, 3}, last: c.at}
	for _, x := range []*session{s, judge} {
		x.former, x.paced = nil, 0
		c.do(Command{Op: Search, Conn: x.conn})
	}
	write := func(x *session, after time.Duration) {
		c.at = c.at.Add(after)
		c.do(Command{Op: Send, Conn: x.conn, Text: "hello"})
	}
	write(s, 0)
	write(s, 0)
	write(judge, time.Second)
	write(judge, properFor-time.Second-time.Millisecond)
	if s.proven {
		t.Error("proven before the chat lasts long enough")
	}
	write(s, time.Millisecond)
	if !s.proven || s.streaks.n != [badnesses]uint8{} {
		t.Errorf("proven %v, with streaks %v, in a proper chat", s.proven, s.streaks.n)
	}
	bad := [badnesses]uint8{3, 3}
	s.streaks.n = bad
	write(judge, time.Minute)
	c.do(Command{Op: Search, Conn: s.conn})
	if s.streaks.n != bad {
		t.Errorf("judged again: streaks %v", s.streaks.n)
	}
}

// TestProvenSessionDoesNotAnswerForItsNetwork: nor does a proper chat leave its network's streaks.
func TestProvenSessionDoesNotAnswerForItsNetwork(t *testing.T) {
	c := newCrowd(t)
	proven, _ := c.prove()
	k := c.standings.networks.of(1, c.at)
	*k = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
	if proven.standsOut(c.Lobby) {
		t.Error("the proven session stands out")
	}
	if neighbor := c.from(1); !neighbor.standsOut(c.Lobby) {
		t.Error("its neighbor does not stand out")
	}
	proven.streaks = streaks{n: [badnesses]uint8{short: c.standings.need[short]/2 + 1}, last: c.at}
	if !proven.standsOut(c.Lobby) {
		t.Error("with a streak of its own it does not stand out")
	}
	proven.streaks = streaks{}
	c.chats(proven, c.from(3), properFor, properWords, properWords)
	if c.from(1).standsOut(c.Lobby) {
		t.Error("a proper chat does not clear its network")
	}
}

// TestNeedFollowsManners: where chats often end within seconds, a longer streak stands out.
func TestNeedFollowsManners(t *testing.T) {
	for _, tt := range []struct {
		p    float64
		need uint8
	}{{0, needMin}, {0.1, needMin}, {0.5, 14}, {0.7, 26}, {0.85, 57}, {0.95, needMax}, {1, needMax}} {
		if got := (&share{p: tt.p}).need(); got != tt.need {
			t.Errorf("with a share of %v: %d, want %d", tt.p, got, tt.need)
		}
	}
	s := share{p: firstShare, n: firstOutcomes}
	for i := range 2 * outcomesKept {
		s.add(i%2 == 0)
	}
	if s.p < 0.45 || s.p > 0.55 {
		t.Errorf("half of the outcomes are bad, and the share is %v", s.p)
	}
}

// TestStandsOutUntilMuchMoreIsNeeded: a session that stands out still does when a streak a tenth longer is needed, for it is
// seldom judged by then.
func TestStandsOutUntilMuchMoreIsNeeded(t *testing.T) {
	const needed = 50
	need := [badnesses]uint8{needed, needed}
	var k streaks
	for n := range needed {
		if k.atLeast(need, 1) {
			t.Fatalf("long enough after %d of %d", n, needed)
		}
		k.add([badnesses]bool{short: true}, need)
	}
	for _, tt := range []struct {
		need uint8
		is   bool
	}{{needed, true}, {needed * 11 / 10, true}, {needed * 6 / 5, false}} {
		if k.atLeast([badnesses]uint8{needMax, tt.need}, 1) != tt.is {
			t.Errorf("with %d needed: %v", tt.need, !tt.is)
		}
	}
}

// TestWatchPlacesNone: with watch sessions are counted and matched with the rest; with off none stands out.
func TestWatchPlacesNone(t *testing.T) {
	for mode, counted := range map[LowPriority]int{LowPriorityWatch: 1, LowPriorityOn: 1, LowPriorityOff: 0} {
		c := newCrowd(t)
		c.cfg.LowPriority = mode
		bot, other := c.from(1), c.from(2)
		bot.streaks = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
		c.standings.tokens.next = c.at.Add(time.Hour)
		c.do(Command{Op: Search, Conn: bot.conn})
		if n := c.Stats().LowPriority; n != counted {
			t.Errorf("mode %d: %d counted, want %d", mode, n, counted)
		}
		c.do(Command{Op: Search, Conn: other.conn})
		if met := bot.partner == other; met != (mode != LowPriorityOn) {
			t.Errorf("mode %d: matched %v", mode, met)
		}
	}
}

// TestLowPriorityIsLive: a session in the low-priority pool leaves it when the setting changes.
func TestLowPriorityIsLive(t *testing.T) {
	c := newCrowd(t)
	low, other := c.from(1), c.from(2)
	low.streaks = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
	c.standings.tokens.next = c.at.Add(time.Hour)
	for _, s := range []*session{low, other} {
		c.do(Command{Op: Search, Conn: s.conn})
	}
	if low.partner != nil {
		t.Fatal("matched without a token")
	}
	limits := c.cfg.Limits
	limits.LowPriority = LowPriorityWatch
	c.SetLimits(limits)
	c.do(Command{Op: Tick})
	if low.partner != other {
		t.Error("not matched after the change")
	}
}

// TestL11LowPriorityStarvesNone: a session in the low-priority pool is matched with one in the main pool every 15 s, or more
// often where many are matched.
func TestL11LowPriorityStarvesNone(t *testing.T) {
	c := newCrowd(t)
	low := func() *session {
		s := c.from(9)
		s.streaks = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
		return s
	}
	meet := func(after time.Duration) {
		t.Helper()
		a, b := low(), c.from(1)
		c.do(Command{Op: Search, Conn: a.conn})
		c.do(Command{Op: Search, Conn: b.conn})
		if after > 0 {
			if a.partner != nil {
				t.Fatal("matched without a token")
			}
			c.at = c.at.Add(after - time.Millisecond)
			c.do(Command{Op: Tick})
			if a.partner != nil {
				t.Fatalf("matched before %v", after)
			}
			c.at++
			if at, ok := c.NextDeadline(); !ok || at > c.at {
				t.Fatalf("the next deadline is %d, not %d", at, c.at)
			}
			c.do(Command{Op: Tick})
		}
		if a.partner != b {
			t.Fatalf("not matched after %v", after)
		}
	}
	meet(0)
	meet(tokenEvery)
	for range 240 { // 240 matches in a minute: 12 of them
		a, b := c.from(1), c.from(2)
		c.do(Command{Op: Search, Conn: a.conn})
		c.do(Command{Op: Search, Conn: b.conn})
	}
	meet(tokenEvery) // the interval was set before
	meet(5 * time.Second)
}

// TestSilentSessionLeavesWhilePoolsMix: when a token comes, looking for a match of one session may find that another, which
// is next in line, is dead.
func TestSilentSessionLeavesWhilePoolsMix(t *testing.T) {
	c := newCrowd(t)
	low := func() *session {
		s := c.from(9)
		s.streaks = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
		s.former = nil
		return s
	}
	a, b := low(), low()
	for _, s := range []*session{a, b} { // a may be the ghost of b, so they do not meet
		s.Resumable, s.pulse = false, &pulse{answers: true}
	}
	c.standings.tokens.next, c.standings.tokens.due = c.at.Add(12*time.Second), c.at.Add(12*time.Second)
	heard := c.at
	c.Sees(func(conn ConnID) Sight {
		if conn == b.conn {
			return Sight{Opened: heard, Heard: heard}
		}
		return Sight{Heard: c.at}
	})
	c.do(Command{Op: Search, Conn: a.conn})
	c.do(Command{Op: Search, Conn: b.conn})
	if a.ticket == nil || b.ticket == nil {
		t.Fatal("they do not wait")
	}
	c.at = c.at.Add(12 * time.Second)
	c.do(Command{Op: Tick})
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if b.ticket != nil || a.ticket == nil {
		t.Errorf("the dead session can be matched: %v; the other cannot: %v", b.ticket != nil, a.ticket == nil)
	}
}
