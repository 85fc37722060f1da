package ws

import (
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/hub"
)

// A wait for room ends as soon as a reload makes some.
func TestBudgetResized(t *testing.T) {
	b := newBudget(10, 10, never)
	b.charge(10)
	p := b.queue(5, 0)
	b.resize(15)
	if !p.isGiven() {
		t.Error("still waiting although there is room")
	}
	b.resize(5)
	if b.take(1, 0) {
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
