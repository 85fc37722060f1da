package ws

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// lineup returns an endpoint of which only the budget, of 100 bytes that are all in use, and the times matter.
func lineup(clock func() chat.Time, stall time.Duration) *Endpoint {
	e := &Endpoint{clock: clock, budget: newBudget(100, 100, 1, clock)}
	e.keepalive = &keepalive{clock: clock}
	e.live.Store(&live{Limits: Limits{StallTimeout: stall}})
	e.budget.charge(0, 100)
	return e
}

// stands makes a Conn wait in the line, and returns the result.
func (e *Endpoint) stands() (*Conn, <-chan error) {
	c, got := &Conn{e: e}, make(chan error, 1)
	go func() {
		var err error
		c.pauses(func() { err = c.standInLine(e.budget.queue(0, 50, 0)) })
		got <- err
	}()
	synctest.Wait()
	return c, got
}

// A socket waits in the line as long as a frame that holds room makes progress, and after that only for the configured
// time.
func TestBudgetWaitsWhileTheHeadMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := hub.NewClock()
		defer clock.Stop()
		e := lineup(clock.Now, 20*time.Second)
		c, got := e.stands()
		for range 100 {
			time.Sleep(19 * time.Second)
			e.budget.moves()
			if !c.busy.Load() {
				t.Fatal("a socket in the line is not busy: it would be reaped as silent")
			}
		}
		select {
		case err := <-got:
			t.Fatalf("%v although a frame that holds room makes progress", err)
		default:
		}
		last := time.Now()
		if err := <-got; !errors.Is(err, errStalled) {
			t.Errorf("%v, want errStalled", err)
		}
		if waited := time.Since(last).Round(time.Second); waited != 20*time.Second {
			t.Errorf("it waits %v for a stalled frame", waited)
		}
		if e.budget.waiting() != 0 || c.busy.Load() {
			t.Error("it is still waiting")
		}
	})
}

// A socket that waits in the line ends at once when it is closed, and makes way for the next.
func TestBudgetWaitEndsWithItsSocket(t *testing.T) {
	for name, end := range map[string]func(c *Conn){
		"closed":  (*Conn).setClosed,
		"closing": func(c *Conn) { c.setClosing(1) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := hub.NewClock()
				defer clock.Stop()
				e := lineup(clock.Now, time.Hour)
				c, got := e.stands()
				_, next := e.stands()
				began := time.Now()
				c.mu.Lock()
				end(c)
				c.mu.Unlock()
				if err := <-got; !errors.Is(err, errEnding) || time.Since(began) != 0 {
					t.Errorf("%v after %v", err, time.Since(began))
				}
				e.budget.free(0, 50)
				if err := <-next; err != nil || e.budget.inUse() != 100 {
					t.Errorf("the next: %v; %d bytes in use", err, e.budget.inUse())
				}
			})
		})
	}
}

// The time to answer a ping restarts when a socket that was not being read is read again.
func TestBudgetWaitExcusesPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := hub.NewClock()
		defer clock.Stop()
		e := lineup(clock.Now, time.Hour)
		c, got := e.stands()
		p := &pings{}
		p.answered.Store(true)
		p.unanswered.Store(1)
		c.pings.Store(p)
		time.Sleep(10 * time.Minute)
		e.keepalive.now.Store(int64(clock.Now()))
		e.budget.free(0, 50)
		if err := <-got; err != nil {
			t.Fatal(err)
		}
		if c.unanswered(clock.Now(), 60_000) || clock.Now()-chat.Time(c.seen.Load()) > 1000 {
			t.Error("a socket that was not being read is reaped as silent")
		}
	})
}
