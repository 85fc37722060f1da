package ws

import (
	"net/netip"
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

// A new number of failures is allowed from now on; an address that has used up the old one still waits for a minute.
func TestThrottleResized(t *testing.T) {
	th := newThrottle(1)
	spent, fresh, known := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8"), netip.MustParseAddr("203.0.113.9")
	th.failed(spent)
	th.resize(3)
	th.failed(fresh)
	th.failed(known)
	if th.allows(spent) || !th.allows(fresh) {
		t.Error("after one failure of three a new address may continue; one that had used up its failures may not")
	}
	th.resize(1)
	th.failed(known)
	if th.allows(known) {
		t.Error("allowed beyond the new bound")
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
