package fairness

import (
	"time"

	"chatme/internal/chat"
)

// actor is a person, or a bot.
type actor struct {
	bot     bool
	shares  bool // a person who shares an address, with other people or with the bots
	network chat.Network

	conn    chat.ConnID
	plan    uint64 // changes as chats begin and end: what was planned before is dropped
	partner *actor
	chats   int       // of this session
	looking chat.Time // a person: since when it looks for another; 0: it does not
	passed  int       // … and how many bots it has met since
}

// matched: a is in a chat with p.
func (w *world) matched(a, p *actor) {
	a.plan++
	a.partner = p
	a.chats++
	if p.partner != a { // p is told next
		return
	}
	switch {
	case a.bot && p.bot:
		w.botsMeet(a, p)
	case a.bot:
		w.botMeets(a, p)
	case p.bot:
		w.botMeets(p, a)
	default:
		w.peopleMeet(a, p)
	}
}

// alone: the partner of a has left, and the server looks for another.
func (w *world) alone(a *actor) {
	w.parts(a)
	switch {
	case a.bot && w.renews(a):
		w.after(100*time.Millisecond, a, renew)
	case !a.bot && w.crowd.tooMany(w):
		w.after(100*time.Millisecond, a, (*world).goesHome)
	}
}

func (w *world) parts(a *actor) {
	if !a.bot && a.partner != nil && !a.partner.bot {
		a.looking, a.passed = w.now, 0
	}
	a.partner = nil
	a.plan++
}

// next presses Next, perhaps in a new session.
func next(w *world, a *actor) {
	former := a.partner
	switch {
	case a.bot && w.renews(a):
		renew(w, a)
		return
	case !a.bot && !former.bot && w.crowd.tooMany(w):
		w.goesHome(a)
		return
	case !a.bot && !former.bot && w.chance(reloads):
		w.parts(a)
		renew(w, a)
		return
	}
	w.parts(a)
	w.search(a)
}

func (w *world) search(a *actor) { w.step(chat.Command{Op: chat.Search, Conn: a.conn}) }

// renew has a search in a new session.
func renew(w *world, a *actor) {
	w.detach(a)
	w.attach(a)
	w.search(a)
}

func write(w *world, a *actor) {
	w.step(chat.Command{Op: chat.Send, Conn: a.conn, Text: "hello"})
}

// writes plans that a writes a message.
func (w *world) writes(a *actor, from, to time.Duration) { w.after(w.between(from, to), a, write) }
