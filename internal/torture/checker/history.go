package checker

import (
	"sort"
	"time"
)

// history is the events together with what every invariant needs to know about them.
type history struct {
	events   []Event
	limits   Limits
	byWho    map[int][]int    // the events of each client, as indexes, in order
	opened   []int            // by event: the auth of its client's socket; for a fault, the event itself
	sides    map[string]*side // by the alias by which the side knows its partner
	order    []*side          // in the order in which they began
	faults   []int
	stops    []span                // when the server or the client process stood still
	locks    []span                // when another program held the write lock
	lag      map[int]time.Duration // of each client with a slow link or slow reads: the maximum
	restores []int                 // indexes of the faults that restored the database
	vanishes bool                  // some client vanished without closing
	quiet    int                   // the index of Quiet; -1 if there is none
	unjudged int
}

// side is one end of a chat: what its owner was told and did.
type side struct {
	chat     string // the alias of the partner
	who      int
	life     int
	old      bool
	began    int  // the event in which the owner heard of the chat
	late     bool // … on resuming: the chat may be older than that
	over     int  // … and that it is over, or in which it left; -1: never
	crossing bool
	vanished bool  // the owner vanished without closing
	link     *side // the other end; nil while unknown
	linked   int   // the event that links them

	said  map[uint64]int // by index: the first event of sending it
	heard map[uint64]int // the partner's messages, by index
	gaps  []gap          // in the partner's messages
	acks  []int          // the events that raised custody
}

// gap is a range of numbers that the owner of a side was told will not arrive.
type gap struct {
	above, upTo uint64
	at          int // the event
}

// newHistory indexes events in one pass.
func newHistory(events []Event, limits Limits) *history {
	h := &history{
		events: events, limits: limits.orDefaults(), byWho: map[int][]int{}, opened: make([]int, len(events)),
		sides: map[string]*side{}, quiet: -1, lag: map[int]time.Duration{},
	}
	auths := map[int]int{}
	for i := range events {
		e := &events[i]
		h.opened[i] = i
		if e.Kind != Fault {
			h.byWho[e.Who] = append(h.byWho[e.Who], i)
			if e.sent("auth") {
				auths[e.Who] = i
			} else if auth, ok := auths[e.Who]; ok {
				h.opened[i] = auth
			}
			h.vanishes = h.vanishes || e.Kind == Gone && e.Type == Vanished
			if e.Lag > 0 {
				h.lag[e.Who] = max(h.lag[e.Who], e.Lag)
			}
			continue
		}
		h.faults = append(h.faults, i)
		switch e.Type {
		case Quiet:
			h.quiet = i
		case Restored:
			h.restores = append(h.restores, i)
		}
	}
	h.findSpans()
	h.walk(h.index)
	return h
}

// walk calls visit with each event of a client, in order, and what the client knew before it.
func (h *history) walk(visit func(v *view, e *Event)) {
	views := map[int]*view{}
	for i := range h.events {
		e := &h.events[i]
		if e.Kind == Fault {
			continue
		}
		v := views[e.Who]
		if v == nil {
			v = &view{who: e.Who, old: e.Old}
			views[e.Who] = v
		}
		visit(v, e)
		v.apply(e)
	}
}

// index builds the sides.
func (h *history) index(v *view, e *Event) {
	now := h.sides[v.chat]
	switch {
	case e.heard("matched"), e.heard("resumed") && e.State == "matched":
		if h.sides[e.Chat] == nil {
			s := &side{
				chat: e.Chat, who: v.who, life: v.life, old: v.old, began: e.Seq, late: v.resumed, over: -1, crossing: v.old && v.crossing > 0 || v.ending,
				said: map[uint64]int{}, heard: map[uint64]int{},
			}
			h.sides[e.Chat], h.order = s, append(h.order, s)
		}
		if e.Type == "resumed" && e.Recv > v.recv {
			h.sides[e.Chat].acks = append(h.sides[e.Chat].acks, e.Seq)
		}
	case now == nil:
	case e.Kind == Gone && e.Type == Vanished:
		now.vanished = true
	case e.sent("message"):
		if _, again := now.said[e.Body.Index]; !again {
			now.said[e.Body.Index] = e.Seq
		}
	case e.heard("ack") && e.Recv > v.recv:
		now.acks = append(now.acks, e.Seq)
	case e.heard("gap") && e.N > v.got:
		now.gaps = append(now.gaps, gap{v.got, e.N, e.Seq})
	case e.heard("partner_disconnected", "searching", "chat_ended"):
		if now.over < 0 {
			now.over = e.Seq
		}
	}
	if e.heard("message") {
		h.indexBody(v, e)
	}
}

// indexBody links the two sides that a body shows to belong together, and records that the body was heard.
func (h *history) indexBody(v *view, e *Event) {
	to, from := h.sides[e.Chat], h.sides[e.Body.Chat]
	if to == nil || from == nil || to.who != e.Who || e.Chat != v.chat {
		return
	}
	if to.link == nil && from.link == nil {
		to.link, from.link, to.linked, from.linked = from, to, e.Seq, e.Seq
	}
	if to.link != from {
		return
	}
	if _, twice := to.heard[e.Body.Index]; !twice {
		to.heard[e.Body.Index] = e.Seq
	}
}

// of returns the events of a client between two positions in the history, both inclusive, or none if to is before from.
func (h *history) of(who, from, to int) []int {
	all := h.byWho[who]
	return all[sort.SearchInts(all, from):sort.SearchInts(all, max(to+1, from))]
}

// era returns how often the database was restored before an event.
func (h *history) era(event int) int { return sort.SearchInts(h.restores, event) }

// restored reports whether the database may have been restored between the moments that two events describe. If so, the
// state at the first need not survive to the second, and every chat from before is over. A frame describes a moment
// between the auth of its socket and its reading, which may be long after it was written.
func (h *history) restored(from, to int) bool { return h.era(h.opened[from]) < h.era(to) }

// surelyRestored reports whether the database was restored between the moments that two events describe, however late
// they were read.
func (h *history) surelyRestored(from, to int) bool { return h.era(from) < h.era(h.opened[to]) }

// faultWithin returns the first fault of type t between two moments, or -1 if there is none.
func (h *history) faultWithin(t string, from, to time.Duration) int {
	first := sort.Search(len(h.faults), func(i int) bool { return h.events[h.faults[i]].At >= from })
	for _, i := range h.faults[first:] {
		if h.events[i].At > to {
			break
		}
		if h.events[i].Type == t {
			return i
		}
	}
	return -1
}
