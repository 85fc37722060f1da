package chat

import "slices"

// MaxNumber is the largest number of a message, and so of what is confirmed. A client that goes beyond it, or would
// make the server tell a larger one, is closed 4400: what the server tells, every client can say back.
const MaxNumber = uint64(1) << 32

// flow is one direction of a chat, in message numbers 1, 2, 3…; the rules are "Custody" in part 2 of the protocol.
//
//	got = min(max(got, claim), last), held ≤ last ≤ top
//
// WHAT IS ACCEPTED AND NEITHER CONFIRMED NOR CLAIMED IS IN THE RING, IN A LETTER, OR SHOWS AS A GAP. The ring holds
// what a receiver that is attached and can come back was sent; once it is away everything is in letters.
type flow struct {
	last    uint64 // accepted from the sender, or used up
	top     uint64 // the highest last there was
	held    uint64 // durably in custody up to here, or the sender was told so before
	got     uint64 // confirmed by the receiver
	claim   uint64 // what the receiver said it has, perhaps before the sender has sent it again
	seen    bool   // this process saw the chat begin: it can tell a claim that is impossible
	gapTold bool   // the sender was told once which number is expected

	ring      []body // by rising n, all above got
	ringBytes int
}

// order says where a number stands. A message without a number is always next.
type order uint8

const (
	next  order = iota
	again       // accepted before
	ahead       // something before it is missing
)

func (f *flow) order(n uint64) order {
	switch {
	case n == 0 || n == f.last+1:
		return next
	case n <= f.last:
		return again
	}
	return ahead
}

func (f *flow) accept() {
	f.last++
	f.top = max(f.top, f.last)
	f.confirm(f.claim)
}

// recv is how far custody has passed from the sender: it never falls.
func (f *flow) recv() uint64 { return max(f.got, f.held) }

// has is how far the receiver has everything, or says so: nothing up to here is sent again.
func (f *flow) has() uint64 { return max(f.got, f.claim) }

// confirm takes the receiver's word for n and says whether that is news.
func (f *flow) confirm(n uint64) bool {
	got := min(max(f.got, n), f.last)
	news := got > f.got
	f.got = got
	return news
}

// claimed takes what a receiver that comes back says it has, and says whether that is news.
func (f *flow) claimed(n uint64) bool {
	f.claim = max(f.claim, n)
	return f.confirm(f.claim)
}

// resumeSender takes what a sender that comes back was told before, and says whether that raised last, which
// never falls.
func (f *flow) resumeSender(acked uint64) bool {
	before := f.last
	f.held = max(f.held, acked)
	f.last = max(f.last, f.held, f.got)
	f.top = max(f.top, f.last)
	f.confirm(f.claim)
	return f.last > before
}

// missing returns the highest number the receiver will not get although it is accepted, 0 if there is none; the
// ring is empty.
func (f *flow) missing() uint64 {
	if f.last > f.has() {
		return f.last
	}
	return 0
}

// keep puts a message last in the ring.
func (f *flow) keep(b body) {
	f.ring = append(f.ring, b)
	f.ringBytes += b.size()
}

// smallRing is how many places an empty ring keeps: what an honest receiver leaves unconfirmed.
const smallRing = 16

// trim drops what is confirmed from the ring and returns its size.
func (f *flow) trim() (freed int) {
	n := 0
	for n < len(f.ring) && f.ring[n].n <= f.got {
		freed += f.ring[n].size()
		n++
	}
	f.ring = slices.Delete(f.ring, 0, n)
	if len(f.ring) == 0 && cap(f.ring) > smallRing {
		f.ring = nil
	}
	f.ringBytes -= freed
	return freed
}

// body is one message of a flow; text and image both empty: an empty place.
type body struct {
	n     uint64
	at    Time // when it was accepted
	text  string
	image string
}

// entryOverhead is what a message counts beside its body, in bytes.
const entryOverhead = 256

func (b *body) size() int { return entryOverhead + len(b.text) + len(b.image) }

// event is what a resumable receiver, who knows the sender as from, is told of it.
func (b *body) event(from Alias) Event {
	if b.text == "" && b.image == "" {
		return Event{Kind: Gap, N: b.n}
	}
	return Event{Kind: Message, Alias: from, Text: b.text, Image: b.image, N: b.n, At: b.at}
}
