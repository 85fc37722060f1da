package chat

import (
	"testing"
	"time"
)

// TestStandingIsReportedOnce: facts name a session that begins to stand out as its chat ends, and one that ceases to.
func TestStandingIsReportedOnce(t *testing.T) {
	c := newCrowd(t)
	judge, _ := c.prove()
	bot := c.from(9)
	reported := func() (found []Fact) {
		for _, f := range c.facts {
			if f.Kind == FactStanding {
				found = append(found, f)
			}
		}
		return found
	}
	need := int(c.standings.need[short])
	for n := range need {
		c.chats(bot, judge, time.Second, 1, 1)
		if found := reported(); (len(found) > 0) != (n == need-1) {
			t.Fatalf("after %d of %d: %+v", n+1, need, found)
		}
	}
	want := Fact{Kind: FactStanding, Session: bot.Hash, Network: 9, StandsOut: true}
	if found := reported(); len(found) != 1 || found[0] != want {
		t.Errorf("%+v, want %+v", found, want)
	}
	c.cfg.LowPriority = LowPriorityWatch // so that they meet
	c.chats(bot, judge, time.Second, 1, 1)
	if found := reported(); len(found) != 0 {
		t.Errorf("again: %+v", found)
	}
	c.chats(bot, judge, properFor, properWords, properWords)
	want.StandsOut = false
	if found := reported(); len(found) != 1 || found[0] != want {
		t.Errorf("after a proper chat: %+v, want %+v", found, want)
	}
}

// TestNetworks counts the sessions of each network and shows its streaks.
func TestNetworks(t *testing.T) {
	c := newCrowd(t)
	c.from(1)
	waiting, away := c.from(1), c.from(1)
	for _, s := range []*session{waiting, away} {
		s.wants.Topics = 1 << s.conn // so that they wait for each other
		c.do(Command{Op: Search, Conn: s.conn})
	}
	c.do(Command{Op: Detach, Conn: away.conn})
	out := c.from(2)
	k := c.standings.networks.of(2, c.at)
	*k = streaks{n: [badnesses]uint8{ignored: 3, short: needMax}, last: c.at}
	c.from(0)
	want := map[Network]NetworkInfo{
		0: {Census: Census{Idle: 1}},
		1: {Census: Census{Idle: 1, Waiting: 1, Away: 1}},
		2: {Census: Census{Idle: 1, LowPriority: 1}, Ignored: 3, Short: needMax, StandsOut: true},
	}
	got := c.Networks()
	if len(got) != len(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for n, info := range want {
		if got[n] != info {
			t.Errorf("network %d: %+v, want %+v", n, got[n], info)
		}
	}
	seen := 0
	for info := range c.Infos() {
		if found, ok := c.Info(info.Hash); !ok || found != info {
			t.Errorf("%+v, alone %+v", info, found)
		}
		seen++
	}
	if info, _ := c.Info(out.Hash); seen != 5 || info.Network != 2 || !info.StandsOut {
		t.Errorf("%d sessions, that of network 2 is %+v", seen, info)
	}
	c.cfg.LowPriority = LowPriorityOff
	if n := c.Networks()[2]; n.StandsOut || n.LowPriority != 0 {
		t.Errorf("with off, network 2 is %+v", n)
	}
}

// TestStatsCountMatchesBetweenPools counts those and no others.
func TestStatsCountMatchesBetweenPools(t *testing.T) {
	c := newCrowd(t)
	c.prove()
	low := c.from(9)
	low.streaks = streaks{n: [badnesses]uint8{needMax, needMax}, last: c.at}
	c.do(Command{Op: Search, Conn: low.conn})
	c.do(Command{Op: Search, Conn: c.from(1).conn})
	if s := c.Stats(); s.Between != 1 || s.Matches != 2 || s.LowPriority != 1 || s.Policy != LowPriorityOn {
		t.Errorf("%+v", s)
	}
}
