package ws

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// A message fits where there is room for it. No client is cut off for what it is sent: messages wait for room, typing
// events and acks do not, and a client waits once its own answers crowd its outbox.
func TestWhatHasRoomFits(t *testing.T) {
	const frames, limit = 16, 64 << 10
	rng := rand.New(rand.NewPCG(1, 1))
	body := strings.Repeat("x", 2*limit)
	for round := range 200 {
		var o outbox
		taken, inFlight := 0, 0 // inFlight: the size of the item that is being written; 0: none is
		for range 1000 {
			it := item{}
			switch rng.IntN(6) {
			case 0: // one is written, or half of one
				if inFlight > 0 {
					o.written(inFlight, limit)
					inFlight = 0
				} else if next, ok := o.pop(); ok {
					inFlight = next.size()
				}
				continue
			case 1:
				it.event = hub.Event{Event: chat.Event{Kind: chat.TypingStart + chat.Kind(rng.IntN(2))}}
			case 2:
				it.event = hub.Event{Event: chat.Event{Kind: chat.Acked, Recv: 1}}
			case 3:
				if o.isCrowded(frames) {
					continue
				}
				it.raw = "answer"
			default:
				it.event = hub.Event{Event: chat.Event{Kind: chat.Message, Text: body[:rng.IntN([...]int{100, limit, 2 * limit}[rng.IntN(3)])]}}
				if !o.hasRoom(it.size(), frames, limit) {
					continue
				}
			}
			o.supersede(&it, frames, limit)
			if !o.push(it, frames, limit) {
				t.Fatalf("round %d: %v of %d bytes did not fit beside %d items of %d bytes", round, it.event.Kind, it.size(), o.frames, o.bytes)
			}
			taken++
		}
		for it, ok := o.pop(); ok; it, ok = o.pop() {
			o.written(it.size(), limit)
		}
		if inFlight > 0 {
			o.written(inFlight, limit)
		}
		if o.frames != 0 || o.bytes != 0 || o.large != 0 || taken < 200 {
			t.Fatalf("round %d: %d items, %d and %d bytes are left of %d items", round, o.frames, o.bytes, o.large, taken)
		}
	}
}

// Of typing events, and of acks, only the latest of a chat counts; nothing else is dropped and the order does not
// change.
func TestSupersede(t *testing.T) {
	const frames, limit = 8, 4096
	tests := map[string]struct{ put, want []chat.Kind }{
		"there is room": {
			[]chat.Kind{chat.TypingStart, chat.TypingStop, chat.Acked, chat.Acked},
			[]chat.Kind{chat.TypingStart, chat.TypingStop, chat.Acked, chat.Acked},
		},
		"it is half full": {
			[]chat.Kind{chat.Message, chat.TypingStart, chat.Acked, chat.Message, chat.Acked, chat.TypingStop, chat.Acked},
			[]chat.Kind{chat.Message, chat.Message, chat.TypingStop, chat.Acked},
		},
		"another chat": {
			[]chat.Kind{chat.Message, chat.TypingStart, chat.TypingStop, chat.PartnerDisconnected, chat.Matched, chat.TypingStart, chat.TypingStop},
			[]chat.Kind{chat.Message, chat.TypingStart, chat.TypingStop, chat.PartnerDisconnected, chat.Matched, chat.TypingStop},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var o outbox
			for n, kind := range tt.put {
				it := item{event: hub.Event{Event: chat.Event{Kind: kind, N: uint64(n), After: uint64(len(tt.put) - n)}}}
				o.supersede(&it, frames, limit)
				if !o.push(it, frames, limit) {
					t.Fatal("did not fit")
				}
			}
			var got []chat.Kind
			for i, it := range o.items {
				got = append(got, it.event.Kind)
				if i > 0 && it.event.N <= o.items[i-1].event.N {
					t.Errorf("item %d comes after %d", it.event.N, o.items[i-1].event.N)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	t.Run("with the batch it waited for", func(t *testing.T) {
		var o outbox
		for _, after := range []uint64{0, 0, 0, 0, 9, 3} {
			it := item{event: hub.Event{Event: chat.Event{Kind: chat.Message, After: after}}}
			if after > 0 {
				it.event.Kind = chat.Acked
			}
			o.supersede(&it, frames, limit)
			o.push(it, frames, limit)
		}
		if last := o.items[len(o.items)-1]; len(o.items) != 5 || last.event.After != 9 {
			t.Errorf("%d items, and the last waits for batch %d; want 5 and 9", len(o.items), last.event.After)
		}
	})
}
