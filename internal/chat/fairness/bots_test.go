package fairness

import (
	"time"

	"chatme/internal/chat"
)

// botNetwork is the first address of the bots.
const botNetwork chat.Network = 10

// tactics are what bots do.
type tactics uint8

const (
	advertise tactics = iota // write one message at once, and leave
	greet                    // the same, and most people answer
	mute                     // write nothing, and leave
	stay                     // write nothing, and wait until the person leaves
	hurry                    // press Next at once
)

// botsArrive opens the bots' sessions within five seconds, or all of them at once.
func (w *world) botsArrive(_ *actor) {
	for i := range w.bots {
		b := &actor{bot: true, network: botNetwork + chat.Network(i%w.addresses)}
		at := w.between(0, 5*time.Second)
		if w.atOnce {
			at = 0
		}
		w.after(at, b, func(w *world, b *actor) {
			w.attach(b)
			w.search(b)
		})
		if w.stays > 0 {
			w.leaves(b, w.stays)
		}
	}
}

// leaves plans that the bot b is gone after d, whatever it does then.
func (w *world) leaves(b *actor, d time.Duration) {
	w.after(d, nil, func(w *world, _ *actor) { w.detach(b) })
}

// renews reports whether the bot b has had enough chats in this session.
func (w *world) renews(b *actor) bool { return w.renewAfter > 0 && b.chats >= w.renewAfter }

// botMeets plans the chat of the bot b and the person p, either of whom may leave first.
func (w *world) botMeets(b, p *actor) {
	p.passed++
	odds := writesToMute
	switch w.tactics {
	case advertise:
		odds = writesToAdvert
	case greet:
		odds = writesToGreeter
	}
	if w.tactics == advertise || w.tactics == greet {
		w.writes(b, 100*time.Millisecond, 600*time.Millisecond)
	}
	if w.chance(odds) {
		w.writes(p, time.Second, 2*time.Second)
	}
	w.after(notices+w.about(noticesMean), p, next)
	w.botLeaves(b)
}

// botsMeet plans the chat of two bots. Those that collude recognize each other.
func (w *world) botsMeet(a, b *actor) {
	switch {
	case !w.collude:
		w.botLeaves(a)
		w.botLeaves(b)
	case a.network == b.network:
		w.after(w.between(time.Second/2, time.Second), a, next)
	default:
		for _, s := range [...]*actor{a, b} {
			w.writes(s, 0, time.Second)
			w.writes(s, 0, time.Second)
		}
		w.after(w.between(20*time.Second, 21*time.Second), a, next)
	}
}

// botLeaves plans when b leaves, if it is not left before.
func (w *world) botLeaves(b *actor) {
	var d time.Duration
	switch {
	case w.tactics == hurry:
		d = w.between(20*time.Millisecond, 60*time.Millisecond)
	case w.tactics == stay:
		d = time.Minute
	case w.atOnce: // every four seconds, all of them
		const every = 4000
		w.after(time.Duration(every-(w.now-start)%every)*time.Millisecond, b, next)
		return
	default:
		d = w.between(3*time.Second, 5*time.Second)
	}
	w.after(d, b, next)
}
