package ws

import (
	"testing"

	"chatme/internal/chat"
)

func never() chat.Time { return 0 }

// isGiven reports whether p has its room.
func (p *place) isGiven() bool {
	select {
	case <-p.given:
		return true
	default:
		return false
	}
}

// Room is granted as a whole, and in order: a small frame does not overtake a large one.
func TestBudgetFirstComeFirstServed(t *testing.T) {
	b := newBudget(100, 60, 1, never)
	if !b.take(0, 60, 0) || !b.take(0, 30, 0) {
		t.Fatal("an empty budget refused what it holds")
	}
	large := b.queue(0, 50, 0)
	if b.take(0, 5, 0) {
		t.Error("5 bytes overtook 50")
	}
	small, last := b.queue(0, 5, 0), b.queue(0, 45, 0)
	b.free(0, 30)
	if large.isGiven() || small.isGiven() {
		t.Error("room was granted before there was enough for the first")
	}
	b.free(0, 20)
	if !large.isGiven() || !small.isGiven() || last.isGiven() {
		t.Errorf("with 95 of 100 in use: %v, %v, %v, want the first two", large.isGiven(), small.isGiven(), last.isGiven())
	}
	b.free(0, 40)
	if !last.isGiven() || b.inUse() != 100 {
		t.Errorf("%d bytes are in use, want 100", b.inUse())
	}
}

// A frame that leaves the line makes way for those behind it, and gives back the room granted meanwhile.
func TestBudgetLeavingTheLine(t *testing.T) {
	b := newBudget(100, 100, 1, never)
	b.take(0, 80, 0)
	first, second := b.queue(0, 50, 0), b.queue(0, 20, 0)
	if b.leave(first) || !second.isGiven() {
		t.Error("the second still waits for the first, which left")
	}
	if !b.leave(second) {
		t.Error("the granted room was lost")
	}
	b.free(0, 20)
	b.free(0, 80)
	if b.inUse() != 0 || b.waiting() != 0 {
		t.Errorf("%d bytes are in use, and %d frames wait", b.inUse(), b.waiting())
	}
}

// There is room for one frame that is larger than the whole budget, as there is after a reload that lowers it.
func TestBudgetOneLargestFrameAlways(t *testing.T) {
	b := newBudget(100, 100, 1, never)
	b.take(0, 10, 0)
	b.resize(40, 1)
	large := b.queue(0, 60, 0)
	if large.isGiven() {
		t.Error("60 bytes of 40 were granted with 10 in use")
	}
	b.free(0, 10)
	if !large.isGiven() {
		t.Error("a frame larger than the budget is not let in alone")
	}
	if b.take(0, 1, 0) {
		t.Error("another frame was let in beside it")
	}
	b.free(0, 60)
	if !b.take(0, 30, 0) || !b.take(0, 40, 30) {
		t.Error("it is not let in when it holds all that is in use")
	}
}

// Data already in memory counts, over the bound too.
func TestBudgetCharge(t *testing.T) {
	b := newBudget(100, 60, 1, never)
	b.take(0, 60, 0)
	b.charge(0, 60)
	p := b.queue(0, 40, 0)
	b.free(0, 50)
	if p.isGiven() {
		t.Error("40 bytes were granted with 70 in use of 100")
	}
	b.free(0, 10)
	if !p.isGiven() {
		t.Error("40 bytes were not granted when there was room")
	}
}

// Frames in fragments grow until one more step would not leave room for the largest; each is finished in the end,
// however many there are, and the bound is never exceeded.
func TestBudgetGrowingFramesFinish(t *testing.T) {
	const max, most, step, frames = 150, 60, 7, 40
	b := newBudget(max, most, 1, never)
	type growing struct {
		held  int64
		place *place
	}
	var open []*growing
	for range frames {
		open = append(open, &growing{})
	}
	for round := 0; len(open) > 0; round++ {
		if round > 1000 {
			t.Fatalf("%d frames wait for each other", len(open))
		}
		var still []*growing
		for _, g := range open {
			switch {
			case g.place != nil && g.place.isGiven():
				g.held, g.place = most, nil
			case g.place != nil:
			case g.held < most && b.grow(0, step):
				g.held += step
			case g.held < most && b.take(0, most-g.held, g.held):
				g.held = most
			case g.held < most:
				g.place = b.queue(0, most-g.held, g.held)
			}
			if b.inUse() > max {
				t.Fatalf("%d bytes are in use of %d", b.inUse(), max)
			}
			if g.held >= most {
				b.free(0, g.held)
				continue
			}
			still = append(still, g)
		}
		open = still
	}
	if b.inUse() != 0 {
		t.Errorf("%d bytes are still in use", b.inUse())
	}
}
