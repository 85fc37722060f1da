package ws

import (
	"math/rand/v2"
	"testing"
)

// A network that holds its share waits, others pass it, and its own frames stay in order.
func TestShareLetsOthersPass(t *testing.T) {
	b := newBudget(800, 100, 4, never) // a share is 200
	const crowded, other = 1, 2
	for range 2 {
		if !b.take(crowded, 100, 0) {
			t.Fatal("a share refused what it holds")
		}
	}
	if b.take(crowded, 10, 0) {
		t.Error("a network holds more than its share")
	}
	first, second := b.queue(crowded, 60, 0), b.queue(crowded, 10, 0)
	if !b.take(other, 100, 0) || !b.take(0, 100, 0) {
		t.Error("others wait for a network at its share")
	}
	if b.free(crowded, 50); first.isGiven() || second.isGiven() || b.take(crowded, 5, 0) {
		t.Error("a later frame of the network passed its first")
	}
	b.free(crowded, 50)
	if !first.isGiven() || !second.isGiven() {
		t.Error("the frames of the network still wait")
	}
	for _, held := range []struct {
		network uint64
		n       int64
	}{{crowded, 170}, {other, 100}, {0, 100}} {
		b.free(held.network, held.n)
	}
	if b.inUse() != 0 || len(b.held) != 0 {
		t.Errorf("%d bytes are in use, %d networks are remembered", b.inUse(), len(b.held))
	}
}

// Frames whose network has room keep their order: the head of the line waits for the budget, and none passes it.
func TestShareKeepsTheOrder(t *testing.T) {
	b := newBudget(300, 100, 1, never)
	b.take(0, 250, 0)
	head, behind := b.queue(1, 100, 0), b.queue(2, 10, 0)
	if b.take(3, 10, 0) || behind.isGiven() {
		t.Error("a frame passed the head of the line")
	}
	b.free(0, 50)
	if !head.isGiven() || behind.isGiven() {
		t.Error("the head of the line still waits, or another got its room")
	}
	b.free(0, 200)
	if !behind.isGiven() {
		t.Error("the second still waits")
	}
}

// A network always has room for one largest frame, however small its share is.
func TestShareHoldsOneLargestFrame(t *testing.T) {
	b := newBudget(800, 100, 80, never)
	if !b.take(1, 100, 0) || b.take(1, 1, 0) || !b.take(2, 100, 0) {
		t.Error("a network does not hold exactly one largest frame")
	}
}

// However networks and their frames take turns, in one piece or growing, with readers that wait at a rate, every frame is
// finished in the end; no bound is exceeded.
func TestShareEveryFrameFinishes(t *testing.T) {
	const most, step, frames = 60, 7, 60
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		limit := int64(most + random.IntN(6*most))
		b := newBudget(limit, most, int64(1+random.IntN(8)), never)
		type frame struct {
			network    uint64
			size, held int64
			grows      bool
			place      *place
		}
		var open []*frame
		for range frames {
			open = append(open, &frame{network: uint64(random.IntN(4)), size: int64(1 + random.IntN(most)), grows: random.IntN(2) == 0})
		}
		for round := 0; len(open) > 0; round++ {
			if round > 10_000 {
				t.Fatalf("seed %d: %d frames wait for each other", seed, len(open))
			}
			f := open[random.IntN(len(open))]
			want := f.size - f.held
			if f.grows {
				want = most - f.held // its size is unknown
			}
			switch {
			case f.place != nil && f.place.isGiven():
				f.held, f.place = f.held+f.place.want, nil
			case f.place != nil:
			case f.held >= f.size:
				b.free(f.network, f.held)
				for i, each := range open {
					if each == f {
						open = append(open[:i], open[i+1:]...)
						break
					}
				}
			case f.grows && b.grow(f.network, step):
				f.held += step
			case b.take(f.network, want, f.held):
				f.held += want
			default:
				f.place = b.queue(f.network, want, f.held)
			}
			if b.inUse() > limit {
				t.Fatalf("seed %d: %d bytes are in use of %d", seed, b.inUse(), limit)
			}
			for id, h := range b.held {
				if h.used > b.share() {
					t.Fatalf("seed %d: network %d holds %d of %d", seed, id, h.used, b.share())
				}
			}
		}
		if b.inUse() != 0 || len(b.held) != 0 || len(b.lines) != 0 || b.unknown.used != 0 {
			t.Fatalf("seed %d: something is left", seed)
		}
	}
}

// However many readers wait at a rate, the largest frame still finds room.
func TestWaitingReadersLeaveRoom(t *testing.T) {
	const most = 16 << 20
	b := newBudget(10*most, most, 8, never)
	var charged int64
	for range 10_000 {
		charged += b.chargeReader()
	}
	if charged > 10*most/readersPart || charged < 10*most/readersPart-readerSize {
		t.Errorf("readers count for %d of %d bytes", charged, 10*most)
	}
	if !b.take(1, most, 0) {
		t.Error("there is no room for the largest frame")
	}
	small := newBudget(most, most, 8, never)
	if small.chargeReader() != 0 || !small.take(1, most, 0) {
		t.Error("a reader took room from the only frame")
	}
	moved := b.moved.Load()
	if b.freeReader(charged); b.inUse() != most || b.moved.Load() != moved {
		t.Error("the room of readers is not given back, or counts as progress of a frame")
	}
}
