package explore

import (
	"fmt"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// napTime is the absence that sleeping guests announce.
const napTime = 5 * time.Minute

// action is one event in a world.
type action struct {
	what verb
	who  int8 // a guest, or for a socket the guest's number minus the socket's: see pick
	arg  int8
}

// preferences are what guests say.
var preferences = []chat.Preferences{{Topics: 1}, {Topics: 2}, {Languages: 1}, {Languages: 2, Topics: 3}}

type verb uint8

const (
	connects verb = iota // who opens a socket
	says                 // who writes a message; arg 1: one that cannot be relayed
	presses              // who presses search or Next
	confirms             // who sends the due ack
	retries              // who retries a refused number
	ends                 // who sends end_chat
	quits                // who closes with 1000; arg 1: after a sleep
	lying                // who lies; arg: how
	pings                // who sends an app ping
	prefers              // who says what it prefers; arg: which
	answers              // who answers a delayed ping
	// of who's newest socket but arg:
	delivers // the client takes a frame
	leaves   // a frame leaves the gate
	serves   // the server reads a frame
	notices  // the server notices that the client's end is closed
	loses    // the client notices that the server's end is closed
	drops    // the client loses a socket
	breaks   // the server loses a socket
	// of the server:
	flushes
	commits
	ticks
	waits // for the retry of a legacy client
	kills // arg batches survive
	stops
	backsUp
	restores
	verbs
)

var verbNames = [verbs]string{
	"connects", "says", "presses", "confirms", "retries", "ends", "quits", "lies", "pings", "prefers", "answers late", "hears", "is sent", "is served",
	"is missed", "misses it", "drops", "is cut off", "flush", "commit", "tick", "wait", "kill", "stop", "backup", "restore",
}

func (a action) String() string { return fmt.Sprintf("%s %d %d", verbNames[a.what], a.who, a.arg) }

// limits is how often the costly actions may happen.
type limits struct {
	says, bad, presses, ends, quits, sleeps, lies, drops, breaks, retries, ticks, waits, pings, prefers, kills, stops, backups, restores int8
}

// pick returns the socket of a guest that is the newest but k.
func (w *world) pick(who, k int8) *socket {
	for i := len(w.sockets) - 1; i >= 0; i-- {
		if s := w.sockets[i]; s.guest == int(who) {
			if k == 0 {
				return s
			}
			k--
		}
	}
	return nil
}

// enabled lists the actions possible now, those that a client or the server does on its own first.
func (w *world) enabled(all []action) []action {
	add := func(ok bool, what verb, who, arg int8) {
		if ok {
			all = append(all, action{what, who, arg})
		}
	}
	left := &w.left
	for i, g := range w.guests {
		who := int8(i)
		w.enabledSockets(who, add)
		add(g.canConnect(w), connects, who, 0)
		if g.done {
			continue
		}
		up := g.conn != 0 && g.greeted && w.socket(g.conn).there
		add(g.unconfirmed() && up, confirms, who, 0)
		add(g.stalled && up && left.retries > 0, retries, who, 0)
		add(left.says > 0 && g.canSay() && w.plan.talks(i), says, who, 0)
		add(left.bad > 0 && g.canSay() && g.kind == resumable, says, who, 1)
		add(left.presses > 0 && up && g.canPress(), presses, who, 0)
		add(left.pings > 0 && up && g.kind.old() && g.pinged, pings, who, 0)
		for k := int8(0); k < int8(len(preferences)) && !g.kind.old() && left.prefers > 0 && up; k++ {
			add(true, prefers, who, k)
		}
		add(up && g.kind == delayed && len(g.owed) > 0, answers, who, 0)
		add(left.ends > 0 && up && g.phase != ending, ends, who, 0)
		add(left.quits > 0 && up, quits, who, 0)
		add(left.sleeps > 0 && up && !g.kind.old(), quits, who, 1)
		for k := int8(0); k < lies && g.kind == liar && left.lies > 0 && up; k++ {
			add(k < 4 && g.partner != "" || k == 4 && g.former != "" || k == 5 && g.phase == chatting || k > 5 && g.bend == 0,
				lying, who, k)
		}
	}
	if w.stopping {
		add(len(w.pipe) > 0, commits, 0, 0)
		add(true, kills, 0, 0)
		return all
	}
	add(rig.DirtyRows(w.lobby) > 0 && len(w.pipe) < w.plan.pipeline, flushes, 0, 0)
	add(len(w.pipe) > 0, commits, 0, 0)
	_, due := w.lobby.NextDeadline()
	add(left.ticks > 0 && due && w.still(), ticks, 0, 0)
	add(left.ticks > 0 && due && w.still() && w.plan.late, ticks, 0, 1)
	add(left.waits > 0 && w.still(), waits, 0, 0)
	for k := 0; k <= len(w.pipe) && left.kills > 0; k++ {
		add(true, kills, 0, int8(k))
	}
	add(left.stops > 0, stops, 0, 0)
	add(left.backups > 0, backsUp, 0, 0)
	add(left.restores > 0 && w.backup != nil, restores, 0, 0)
	return all
}

func (w *world) enabledSockets(who int8, add func(bool, verb, int8, int8)) {
	for k := int8(0); ; k++ {
		s := w.pick(who, k)
		if s == nil {
			return
		}
		add(len(s.down) > 0, delivers, who, k)
		add(w.canLeave(s), leaves, who, k)
		add(w.canServe(s), serves, who, k)
		add(!s.here && s.there && !w.stopping, notices, who, k)
		add(s.here && !s.there && (len(s.down) == 0 || w.plan.slow), loses, who, k)
		add(s.here && s.there && w.left.drops > 0, drops, who, k)
		add(s.here && s.there && w.left.breaks > 0 && !w.stopping, breaks, who, k)
	}
}

// still reports whether time may pass: frames that a client without pongs wrote to its previous partner are told apart from
// later ones only by time.
func (w *world) still() bool {
	for _, s := range w.sockets {
		if w.guests[s.guest].kind.timed() && s.there && (len(s.up) > 0 || s.here && (len(s.down) > 0 || w.canLeave(s))) {
			return false
		}
	}
	return true
}

// do performs an action, if it is possible, and its automatic consequences in the plan.
func (w *world) do(a action) {
	w.cell.w = w
	if a.what < delivers || a.what > breaks {
		w.act(a)
	} else if s := w.pick(a.who, a.arg); s != nil {
		w.actSocket(a.what, s)
	}
	w.settle()
	w.sweep()
	w.book.held(w)
}

func spend(left *int8) bool {
	if *left <= 0 {
		return false
	}
	*left--
	return true
}

func (w *world) act(a action) {
	left := &w.left
	var g *guest
	if int(a.who) < len(w.guests) {
		g = w.guests[a.who]
	}
	if a.what < delivers && (g == nil || g.done) {
		return
	}
	up := g != nil && g.conn != 0 && g.greeted
	switch a.what {
	case connects:
		if g.canConnect(w) {
			g.connect(w)
		}
	case says:
		if g.canSay() && (a.arg == 1 && g.kind == resumable && spend(&left.bad) || a.arg == 0 && spend(&left.says)) {
			g.say(w, a.arg == 1)
		}
	case presses:
		if up && g.canPress() && spend(&left.presses) {
			g.press(w)
		}
	case confirms:
		g.confirm(w)
	case retries:
		if up && g.stalled && spend(&left.retries) {
			g.retry(w)
		}
	case ends:
		if up && g.phase != ending && spend(&left.ends) {
			g.end(w)
		}
	case quits:
		if up && (a.arg == 0 && spend(&left.quits) || a.arg == 1 && !g.kind.old() && spend(&left.sleeps)) {
			g.quit(w, a.arg == 1)
		}
	case lying:
		if up && g.kind == liar && spend(&left.lies) {
			g.lie(w, a.arg)
		}
	case pings:
		if up && g.kind.old() && g.pinged && spend(&left.pings) {
			g.send(w, chat.Command{Op: chat.AppPing})
		}
	case prefers:
		if up && !g.kind.old() && spend(&left.prefers) {
			g.send(w, chat.Command{Op: chat.Prefer, Prefer: &preferences[a.arg]})
		}
	case answers:
		if up && g.kind == delayed && len(g.owed) > 0 {
			g.answerLate(w)
		}
	default:
		w.actServer(a)
	}
}

func (w *world) actServer(a action) {
	left := &w.left
	switch a.what {
	case flushes:
		if rig.DirtyRows(w.lobby) > 0 && !w.stopping {
			w.flush()
		}
	case commits:
		if len(w.pipe) > 0 {
			w.commit()
		}
	case ticks:
		if !w.stopping && w.still() && spend(&left.ticks) {
			w.tick(a.arg == 1)
		}
	case waits:
		if !w.stopping && w.still() && spend(&left.waits) {
			w.wait(retryAfter)
		}
	case kills:
		if w.stopping || spend(&left.kills) {
			w.kill(min(int(a.arg), len(w.pipe)))
		}
	case stops:
		if !w.stopping && spend(&left.stops) {
			w.note("# SIGTERM")
			w.step(chat.Command{Op: chat.Stop})
			w.flush()
			w.stopping = true
		}
	case backsUp:
		if spend(&left.backups) {
			b := w.disk.copy()
			w.backup = &b
			w.note("# a backup is taken")
		}
	case restores:
		if w.backup != nil && spend(&left.restores) {
			w.restore()
		}
	}
}

func (w *world) actSocket(what verb, s *socket) {
	switch what {
	case delivers:
		if len(s.down) > 0 {
			w.deliver(s)
		}
	case leaves:
		if w.canLeave(s) {
			w.leave(s)
		}
	case serves:
		if w.canServe(s) {
			w.serve(s)
		}
	case notices:
		if !s.here && s.there && !w.stopping {
			w.notice(s)
		}
	case loses:
		if s.here && !s.there {
			w.lose(s)
		}
	case drops:
		if s.here && s.there && spend(&w.left.drops) {
			w.lose(s)
		}
	case breaks:
		if s.here && s.there && !w.stopping && spend(&w.left.breaks) {
			w.notice(s)
		}
	}
}

// settle does at once everything that never waits in this plan.
func (w *world) settle() {
	for again, n := true, 0; again && w.fault == nil; n++ {
		if n == 1000 {
			w.failf("what is said at once goes on for ever")
			return
		}
		again = false
		for i := 0; i < len(w.sockets); i++ {
			s := w.sockets[i]
			switch {
			case w.canLeave(s) && (!w.plan.slow || s.gate[0].Kind != chat.Replay):
				w.leave(s)
			case len(s.down) > 0 && !w.plan.slow:
				w.deliver(s)
			case w.canServe(s) && !w.plan.lag && s.here:
				w.serve(s)
			default:
				continue
			}
			again = true
		}
	}
}
