package hub

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// Server time advances with the process: a gap between two ticks, left by a stopped process, counts as half a second.
func TestServerTimeStandsStillAcrossAStop(t *testing.T) {
	c := &Clock{start: time.Now()}
	c.now.Store(&reading{})
	at := func(d time.Duration) reading { return c.now.Load().after(d) }
	beats := func(d time.Duration) { next := at(d); c.now.Store(&next) }
	for d := tickEvery; d <= 10*time.Second; d += tickEvery {
		beats(d)
	}
	if now := at(10 * time.Second); now.server != 10*time.Second || now.wall != 10*time.Second {
		t.Fatalf("after 10 s of ticks: %+v", now)
	}
	if now := at(25 * time.Second); now.server != 10*time.Second+mostATick || now.wall != 25*time.Second {
		t.Errorf("after a pause of 15 s before the next tick: %+v", now)
	}
	beats(25 * time.Second)
	beats(25*time.Second + tickEvery)
	if now := at(25*time.Second + 2*tickEvery); now.server != 10*time.Second+mostATick+2*tickEvery || now.wall != 25*time.Second+2*tickEvery {
		t.Errorf("after that tick: %+v", now)
	}
}

// Wall time follows a wall clock that is set, in either direction, and server time does not; for a while nothing expires
// by wall time.
func TestWallClockIsSet(t *testing.T) {
	const tenYears = 10 * 365 * 24 * time.Hour
	r := reading{}
	for d := tickEvery; d <= 2*time.Hour; d += tickEvery {
		r = r.next(d, d+wallStep/2)
	}
	if r.wall != 2*time.Hour || r.set != 0 {
		t.Fatalf("half a second counted as a step: %+v", r)
	}
	for _, by := range []time.Duration{tenYears, -tenYears} {
		at := r.at + tickEvery
		if r = r.next(at, at+by); r.wall != at+by || r.set != r.server || r.server != at {
			t.Errorf("set by %v: %+v", by, r)
		}
	}
}

func TestClockBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock()
		begun, wall := c.Now(), c.Moment(0).Wall
		last := begun
		for range 100 {
			time.Sleep(37 * time.Millisecond)
			if now := c.Now(); now < last {
				t.Fatalf("server time went back from %d to %d", last, now)
			} else {
				last = now
			}
		}
		if ran := last - begun; ran != 3700 {
			t.Errorf("%d ms of server time in 3.7 s", ran)
		}
		if m := c.Moment(time.Hour); m.Wall-wall != 3700 || !m.Unsure {
			t.Errorf("%+v after 3.7 s", m)
		}
		time.Sleep(time.Hour)
		if c.Moment(time.Hour).Unsure {
			t.Error("the wall clock is still unsure after an hour")
		}
		stamp := c.Stamp()
		time.Sleep(time.Second)
		if took := c.Since(stamp); took != time.Second {
			t.Errorf("a second took %v", took)
		}
		if m := c.MomentOf(stamp, 0); c.Now()-m.Server != 1000 {
			t.Errorf("a stamp of a second ago is %d ms old", c.Now()-m.Server)
		}
		c.Stop()
	})
}

// A hub without a clock is refused: its time would differ from that of the sockets.
func TestHubWantsAClock(t *testing.T) {
	cfg := Config{
		Store: newHeldStore(), Lobby: testLobby(), SessionTTL: time.Hour, Log: slog.New(slog.DiscardHandler),
		Fatal: func(error) {},
	}
	if _, err := New(cfg); err == nil {
		t.Error("no error without a clock")
	}
}
