package chat

// flow is one direction of a chat, in message numbers 1, 2, 3…; the rules are part 2 of the protocol with a
// mailbox that holds nothing: what the receiver has not confirmed when it goes away is forgotten, and the
// sender, who keeps its copy until recv covers it, sends it again.
//
//	got = min(max(got, claim), last), held ≤ last
type flow struct {
	last    uint64 // accepted from the sender, or used up
	held    uint64 // the sender was told before that custody was taken up to here
	got     uint64 // confirmed by the receiver
	claim   uint64 // what the receiver said it has, perhaps before the sender has sent it again
	gapTold bool   // the sender was told once which number is expected
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
	f.confirm(f.claim)
}

// recv is how far custody has passed from the sender: it never falls.
func (f *flow) recv() uint64 { return max(f.got, f.held) }

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
	f.confirm(f.claim)
	return f.last > before
}

// forget drops what the receiver, now away, has not confirmed, and returns the first number forgotten, 0 if none.
func (f *flow) forget() uint64 {
	if f.last <= f.recv() {
		return 0
	}
	f.last = f.recv()
	return f.last + 1
}

// missing returns the highest number the receiver will not get although it is accepted, 0 if there is none.
func (f *flow) missing() uint64 {
	if f.last > max(f.got, f.claim) {
		return f.last
	}
	return 0
}
