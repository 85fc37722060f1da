package chat

import "slices"

// MaxNumber is the largest number of a message, and so the largest that can be confirmed. A client that exceeds it, or
// would make the server send a larger one, is closed with 4400: every client can confirm any number the server sends.
const MaxNumber = uint64(1) << 32

// flow is one direction of a chat, in message numbers 1, 2, 3…; the rules are in docs/protocol.md, "Message numbers".
//
//	got = min(max(got, claim), last), held ≤ last ≤ top
//
// A MESSAGE THAT IS ACCEPTED AND NEITHER CONFIRMED NOR CLAIMED IS IN THE RING, IN A MAILBOX ENTRY, OR SHOWS AS A GAP. The
// ring holds what was sent to a receiver that is attached and resumable; once it is away everything is in its mailbox.
type flow struct {
	last    uint64 // accepted from the sender, or used up
	top     uint64 // the highest value that last has had
	held    uint64 // durably in custody up to here, or reported so to the sender before
	got     uint64 // confirmed by the receiver
	claim   uint64 // what the receiver reported to have, perhaps before the sender has resent it
	seen    bool   // this process saw the chat begin, so it can detect an impossible claim
	judged  bool   // the chat has been judged (standing.go)
	began   Time   // when this process saw the chat begin
	gapTold bool   // the sender was already told which number is expected

	ring      []body // by rising n, all above got
	ringBytes int
	charged   *quota // of the receiver, for ringBytes
}

// order is how a number relates to last. A message without a number is always next.
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

// recv returns how far custody has passed from the sender. It never decreases.
func (f *flow) recv() uint64 { return max(f.got, f.held) }

// has returns up to which number the receiver has everything, or claims to. Nothing up to it is sent again.
func (f *flow) has() uint64 { return max(f.got, f.claim) }

// confirm records that the receiver has everything up to n, and reports whether that is new.
func (f *flow) confirm(n uint64) bool {
	got := min(max(f.got, n), f.last)
	news := got > f.got
	f.got = got
	return news
}

// claimed records what a resuming receiver claims to have, and reports whether that is new.
func (f *flow) claimed(n uint64) bool {
	f.claim = max(f.claim, n)
	return f.confirm(f.claim)
}

// resumeSender records what a resuming sender was told before, and reports whether that raised last. It never lowers
// last.
func (f *flow) resumeSender(acked uint64) bool {
	before := f.last
	f.held = max(f.held, acked)
	f.last = max(f.last, f.held, f.got)
	f.top = max(f.top, f.last)
	f.confirm(f.claim)
	return f.last > before
}

// missing returns the highest number that was accepted but will not reach the receiver, 0 if there is none. The ring
// must be empty.
func (f *flow) missing() uint64 {
	if f.last > f.has() {
		return f.last
	}
	return 0
}

// keep appends a message to the ring.
func (f *flow) keep(b body) {
	f.ring = append(f.ring, b)
	f.ringBytes += b.size()
}

// smallRing is the capacity that an empty ring keeps: as many messages as an honest receiver leaves unconfirmed.
const smallRing = 16

// trim drops confirmed messages from the ring and returns their size.
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

// body is one message of a flow. If text and image are both empty, its place is empty.
type body struct {
	n     uint64
	at    Time // when it was accepted
	text  string
	image string
}

// entryOverhead is what a message counts in addition to its body, in bytes.
const entryOverhead = 256

func (b *body) size() int { return entryOverhead + len(b.text) + len(b.image) }

// event returns the event for a resumable receiver, which knows the sender as from.
func (b *body) event(from Alias) Event {
	if b.text == "" && b.image == "" {
		return Event{Kind: Gap, N: b.n}
	}
	return Event{Kind: Message, Alias: from, Text: b.text, Image: b.image, N: b.n, At: b.at}
}
