package ws

import (
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

func TestOutboxHoldsBackWhatIsNotCommitted(t *testing.T) {
	var o outbox
	for _, after := range []uint64{0, 7, 0, 8} {
		if !o.push(item{event: hub.Event{Event: chat.Event{Kind: chat.Searching, After: after}}}, 10, 10_000) {
			t.Fatal("did not fit")
		}
	}
	take := func() (n int) {
		for {
			it, ok := o.pop()
			if !ok {
				return n
			}
			o.written(it.size(), 10_000)
			n++
		}
	}
	if n := take(); n != 1 {
		t.Errorf("%d items left before any commit, want 1", n)
	}
	o.released = 7
	if n := take(); n != 2 { // items behind a held item are held too
		t.Errorf("%d items left after batch 7, want 2", n)
	}
	o.released = 8
	if n := take(); n != 1 || o.bytes != 0 || o.items != nil {
		t.Errorf("%d items, %d bytes and %v are left, want 1, 0 and nothing", n, o.bytes, o.items)
	}
}

func TestOutboxIsBounded(t *testing.T) {
	const frames, limit = 4, 4096
	small := item{raw: "x"}
	medium := item{raw: strings.Repeat("x", 1500)}
	large := item{event: hub.Event{Event: chat.Event{Kind: chat.Message, Image: strings.Repeat("x", 100_000)}}}
	tests := map[string]struct {
		items []item
		fits  int
	}{
		"frames":                          {[]item{small, small, small, small, small}, 4},
		"bytes":                           {[]item{medium, medium, medium}, 2},
		"one larger beside them":          {[]item{medium, large, medium, small}, 4},
		"a second larger one":             {[]item{large, large}, 1},
		"larger does not count for bytes": {[]item{large, medium, medium, medium}, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var o outbox
			fits := 0
			for _, it := range tt.items {
				if o.push(it, frames, limit) {
					fits++
				}
			}
			if fits != tt.fits {
				t.Errorf("%d fit, want %d", fits, tt.fits)
			}
			held := int64(0)
			for _, it := range tt.items[:tt.fits] {
				if it.size() > limit {
					held += int64(it.size())
				}
			}
			if got := o.clear(limit); got != held || o.bytes != 0 || o.large != 0 {
				t.Errorf("clear returned %d, %d and %d left; want %d, 0, 0", got, o.bytes, o.large, held)
			}
		})
	}
}

func TestKeyring(t *testing.T) {
	k := newKeyring([]string{"web", "mobile"})
	for key, want := range map[string]bool{"web": true, "mobile": true, "": false, "we": false, "webmobile": false} {
		if k.holds(key) != want {
			t.Errorf("holds(%q) = %v", key, !want)
		}
	}
}

func TestFreeItemOvertakesWhatIsHeld(t *testing.T) {
	var o outbox
	for _, it := range []item{
		{event: hub.Event{Event: chat.Event{Kind: chat.AuthSuccess}}},
		{event: hub.Event{Event: chat.Event{Kind: chat.Searching, After: 3}}},
		{raw: "pong 1", free: true},
		{raw: "pong 2", free: true},
	} {
		if !o.push(it, 10, 10_000) {
			t.Fatal("did not fit")
		}
	}
	var left []string
	for {
		it, ok := o.pop()
		if !ok {
			break
		}
		left = append(left, it.raw)
	}
	if want := []string{"", "pong 1", "pong 2"}; !slices.Equal(left, want) {
		t.Errorf("%q left, want %q", left, want)
	}
	if o.len() != 1 {
		t.Errorf("%d items are held, want 1", o.len())
	}
}

func TestDropHeld(t *testing.T) {
	const limit = 4096
	var o outbox
	for _, it := range []item{
		{event: hub.Event{Event: chat.Event{Kind: chat.Message, Text: "may leave"}}},
		{event: hub.Event{Event: chat.Event{Kind: chat.TypingStop, After: 3}}},
		{event: hub.Event{Event: chat.Event{Kind: chat.PartnerDisconnected, After: 3}}},
		{event: hub.Event{Event: chat.Event{Kind: chat.Message, Image: strings.Repeat("x", 10_000)}}},
	} {
		if !o.push(it, 10, limit) {
			t.Fatal("did not fit")
		}
	}
	dropped, charged := o.dropHeld(limit)
	if dropped != 2 || charged < 10_000 {
		t.Errorf("dropped %d items that held %d bytes of the budget, want 2 and the image", dropped, charged)
	}
	var left []chat.Kind
	for {
		it, ok := o.pop()
		if !ok {
			break
		}
		o.written(it.size(), limit)
		left = append(left, it.event.Kind)
	}
	if want := []chat.Kind{chat.Message, chat.TypingStop}; !slices.Equal(left, want) || o.bytes != 0 || o.large != 0 {
		t.Errorf("%v left, %d and %d bytes on the books; want %v, 0, 0", left, o.bytes, o.large, want)
	}
}
