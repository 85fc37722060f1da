package ws

import (
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/hub"
)

// A wait for room ends as soon as a reload makes some.
func TestBudgetResized(t *testing.T) {
	b := newBudget(10, 10, 1, never)
	b.charge(0, 10)
	p := b.queue(0, 5, 0)
	b.resize(15, 1)
	if !p.isGiven() {
		t.Error("still waiting although there is room")
	}
	b.resize(5, 1)
	if b.take(0, 1, 0) {
		t.Error("accepted beyond the new bound")
	}
}

// The keepalive speeds up as soon as a shorter time applies.
func TestKeepaliveSpeedsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newKeepalive(time.Hour, hub.NewClock().Now)
		p.speedUp(time.Second / 4)
		time.Sleep(maxRound/keepaliveSlots + 2*minRound/keepaliveSlots)
		synctest.Wait()
		first := p.now.Load()
		time.Sleep(2 * minRound / keepaliveSlots)
		synctest.Wait()
		if p.now.Load() == first {
			t.Error("the keepalive keeps its old pace")
		}
		p.stop()
	})
}
