package ws

import (
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/protocol"
)

// defaultRates are those of the settings.
var defaultRates = Rates{
	Frames: network.NewRate(600, 60, time.Second), Messages: network.NewRate(300, 10, time.Second),
	Bytes: network.NewRate(64<<20, 1<<20, time.Second), Pings: network.NewRate(20, 1, time.Second),
	Typing: 300 * time.Millisecond, Auths: 3, Waits: time.Minute, Pace: 8 << 10,
}

// sender returns a Conn whose frames are only charged, at the times of the clock that it returns.
func sender(rates Rates) (*Conn, *chat.Time) {
	now := chat.Time(1_800_000_000_000)
	e := &Endpoint{clock: func() chat.Time { return now }}
	e.keepalive = &keepalive{clock: e.clock}
	e.live.Store(&live{Limits: Limits{Rates: rates}})
	c := &Conn{e: e}
	c.authed.Store(true)
	return c, &now
}

// What people and their clients do at most, as measured, is never over a rate.
func TestHonestPeaksNeverWait(t *testing.T) {
	auth := protocol.Frame{Kind: protocol.KindAuth}
	ping := protocol.Frame{Kind: protocol.KindPing}
	of := func(op chat.Op) protocol.Frame {
		return protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: op}}
	}
	message, typing, ack, search := of(chat.Send), of(chat.Typing), of(chat.Ack), of(chat.Search)
	const picture = 16 << 20
	type burst struct {
		frame protocol.Frame
		n     int
		every time.Duration
		size  int
	}
	for name, bursts := range map[string][]burst{
		"an arrival":                  {{auth, 1, 0, 300}, {search, 1, 0, 50}},
		"200 copies after a tunnel":   {{auth, 1, 0, 300}, {message, 200, time.Second / 1910, 100}, {ack, 20, 200 * time.Millisecond, 80}},
		"ten pictures of one pick":    {{message, 10, 240 * time.Millisecond, 500 << 10}, {message, 100, time.Second / 3, 100}},
		"Enter every 120 ms":          {{typing, 119, 120 * time.Millisecond / 3, 30}, {message, 119, 120 * time.Millisecond, 60}},
		"a fast typist for an hour":   {{message, 3 * 3600, time.Second / 3, 100}},
		"typing toggled for a minute": {{typing, 13 * 60, time.Second / 13, 30}},
		"acks after a replay":         {{ack, 13, 500 * time.Millisecond / 13, 80}, {ack, 5 * 60, time.Second / 5, 80}},
		"pictures of a phone":         {{message, 4, 10 * time.Second, picture}, {message, 60, time.Second, 100}},
		"the ping of an app":          {{ping, 120, 30 * time.Second, 20}},
		"a search every second":       {{search, 60, time.Second, 80}},
	} {
		c, now := sender(defaultRates)
		elapsed := time.Duration(0)
		begin := *now
		for _, b := range bursts {
			for i := range b.n {
				if c.charge(&b.frame, b.size); c.account.Load() != nil && c.account.Load().due != 0 {
					t.Fatalf("%s: frame %d waits at %s", name, i+1, c.account.Load().dueAt)
				}
				elapsed += b.every
				*now = begin.Add(elapsed)
				c.e.keepalive.now.Store(int64(*now))
			}
		}
	}
}

// Each rate binds on what it is for, and no other does.
func TestEachRateBinds(t *testing.T) {
	for at, tt := range map[metrics.Rate]struct {
		frame protocol.Frame
		size  int
		n     int           // frames that pass
		wait  time.Duration // … before this wait
	}{
		metrics.RateFrames:   {protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: chat.Ack}}, 50, 600, time.Second / 60},
		metrics.RateMessages: {protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: chat.Send}}, 50, 300, time.Second / 10},
		metrics.RatePings:    {protocol.Frame{Kind: protocol.KindPing}, 50, 20, time.Second},
		metrics.RateBytes:    {protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: chat.Send}}, 16 << 20, 4, longestByteWait},
	} {
		c, now := sender(defaultRates)
		c.e.keepalive.now.Store(int64(*now))
		for range tt.n {
			if c.charge(&tt.frame, tt.size); c.account.Load().due != 0 {
				t.Fatalf("%s: a frame of the burst waits at %s", at, c.account.Load().dueAt)
			}
		}
		c.charge(&tt.frame, tt.size)
		a := c.account.Load()
		if wait := time.Duration(a.due - nanos(*now)); a.dueAt != at || (wait-tt.wait).Abs() > time.Microsecond {
			t.Errorf("%s: waits %v at %s, want %v", at, wait, a.dueAt, tt.wait)
		}
	}
	unknown, _ := sender(defaultRates)
	for range 21 {
		unknown.charge(&protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: chat.Activity}}, 20)
	}
	if unknown.account.Load().dueAt != metrics.RatePings {
		t.Error("frames of an unknown type do not count like pings")
	}
}

// Charging a frame allocates nothing, except for the account of the first.
func TestChargeAllocatesNothing(t *testing.T) {
	c, _ := sender(defaultRates)
	f := protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: chat.Send}}
	if n := testing.AllocsPerRun(1000, func() { c.charge(&f, 100) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkCharge is what the rates of a socket add to a message.
func BenchmarkCharge(b *testing.B) {
	c, now := sender(defaultRates)
	f := protocol.Frame{Kind: protocol.KindCommand, Command: chat.Command{Op: chat.Send}}
	b.ReportAllocs()
	for b.Loop() {
		*now += 1000
		c.e.keepalive.now.Store(int64(*now))
		c.charge(&f, 100)
	}
}

// A socket is closed once it has waited for more than a minute of the last 90 s, and not for the waits of before.
func TestWaitsAddUp(t *testing.T) {
	at := chat.Time(1_800_000_000_000)
	var w waits
	var sum time.Duration
	for range 90 { // two thirds of the time
		at += 1000
		sum = w.add(at, 660*time.Millisecond)
	}
	if sum > time.Minute {
		t.Errorf("%v of 90 s at 0.66 s a second", sum)
	}
	for range 90 {
		at += 1000
		sum = max(sum, w.add(at, 700*time.Millisecond))
	}
	if sum <= time.Minute {
		t.Errorf("%v of 90 s at 0.7 s a second", sum)
	}
	if sum = w.add(at.Add(waitsSpan), time.Second); sum != time.Second {
		t.Errorf("%v, although the last wait was 90 s ago", sum)
	}
	if sum = w.add(at.Add(2*waitsSpan), time.Hour); sum > waitsPart {
		t.Errorf("one wait counts for %v", sum)
	}
}

// A reader that waits at a rate is not silent, counts for its memory, and stops waiting when its socket ends.
func TestWaitAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := hub.NewClock()
		defer clock.Stop()
		e := &Endpoint{cfg: Config{Metrics: metrics.New()}, clock: clock.Now, budget: newBudget(1<<20, 1<<10, 8, clock.Now)}
		e.keepalive = &keepalive{clock: clock.Now}
		e.live.Store(&live{Limits: Limits{Rates: defaultRates}})
		waits := func() (*Conn, <-chan time.Duration) {
			c, over := &Conn{e: e}, make(chan time.Duration)
			go func() { over <- c.waitAt(c.accounts(), metrics.RateMessages, time.Hour) }()
			synctest.Wait()
			return c, over
		}
		patient, over := waits()
		if !patient.busy.Load() || e.budget.inUse() != readerSize {
			t.Errorf("busy %v, %d bytes: it would be reaped as silent, or its memory does not count", patient.busy.Load(), e.budget.inUse())
		}
		closing, overClosing := waits()
		time.Sleep(10 * time.Second)
		closing.mu.Lock()
		closing.setClosing(clock.Now())
		closing.mu.Unlock()
		if waited := <-overClosing; waited.Round(time.Second) != 10*time.Second {
			t.Errorf("a socket that was closed after 10 s waited %v", waited)
		}
		if waited := (<-over).Round(time.Minute); waited != time.Hour {
			t.Errorf("waited %v of an hour", waited)
		}
		if patient.busy.Load() || patient.progress.Load() != 0 || e.budget.inUse() != 0 {
			t.Error("something is left of the wait")
		}
	})
}
