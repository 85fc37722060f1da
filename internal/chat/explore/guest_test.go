package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chatme/internal/chat"
)

// kind is the kind of client that a guest is.
type kind byte

const (
	resumable kind = 'r'
	liar      kind = 'l' // resumable, and sometimes makes false claims

	// legacy clients, by how they answer pings
	oldClient  kind = 'o' // in the order of what they read and write
	newestOnly kind = 'n' // only the newest ping that it has read, once it has read everything that arrived together or sends something
	jumper     kind = 'j' // the pong overtakes frames queued behind the message being sent, as OkHttp's does
	fragmenter kind = 'f' // the pong comes between two fragments of the message being sent
	muted      kind = 'm' // something on the way swallows the pings; it sends its own
	delayed    kind = 'd' // something on the way delays them
)

// old reports whether k is a legacy client.
func (k kind) old() bool { return k != resumable && k != liar }

// timed reports whether the server may need the clock to determine what a client of this kind has read.
func (k kind) timed() bool { return k == muted || k == delayed }

// phase is what a guest believes it is doing.
type phase byte

const (
	idle phase = iota
	searching
	chatting
	leaving // Next is pressed, searching has not arrived: the chat is kept, and a legacy client continues to write
	ending  // end_chat is sent, chat_ended has not arrived
)

// guest is a client. The duties of a client library are in hearResumable. Everything above the line is stored in one
// write before the guest sends and before it shows anything, so it survives the client as well as the socket.
type guest struct {
	id      int
	kind    kind
	dialled chat.ConnID // number of sockets opened
	has     bool        // it has a session to resume…
	session chat.ConnID // … which began on this socket
	written bool        // … and has a row, as far as it was told: it was queued, matched or resumed
	done    bool        // it has left permanently
	epoch   string
	phase   phase
	partner chat.Alias // the latest chat that it knows of
	over    bool       // … which is over
	got     uint64     // every message of the partner up to this number has arrived, or never will
	sent    uint64     // the last number used
	acked   uint64     // the server has custody up to this number
	copies  []string   // messages sent above acked; "" is a body that cannot be relayed
	// ────
	conn    chat.ConnID // 0: no socket
	greeted bool        // the answer to auth has arrived
	cursor  uint64      // sent on this socket up to this number
	stalled bool        // a number was refused: continue from it later
	told    uint64      // the got that was last confirmed on this socket
	bend    uint64      // liar: by how much more it claims at its next resume
	away    bool        // its partner is away, as far as it was told
	former  chat.Alias  // liar: a previous chat
	words   int         // legacy client and liar: messages sent so far
	pinged  bool        // legacy client: it is past the first ping on this socket
	owed    []uint64    // delayed and newestOnly: the pings that it has not answered yet
	lost    chat.Time   // when it lost its last socket
	// ──── what the world knows about it
	current chat.ConnID   // the socket that was attached last
	queued  bool          // it was told that it is queued, and nothing has changed that since
	nap     time.Duration // the length of its announced sleep
}

// hash is the hash of the session that began on a socket.
func (g *guest) hash(s chat.ConnID) chat.Hash {
	return chat.Hash{'a' + byte(g.id), byte(s), byte(s >> 8)}
}

// owner and session read a hash.
func owner(h chat.Hash) int           { return int(h[0] - 'a') }
func session(h chat.Hash) chat.ConnID { return chat.ConnID(h[1]) | chat.ConnID(h[2])<<8 }
func (g *guest) name() string         { return string(rune('a' + g.id)) }

func (g *guest) offline() {
	g.conn, g.greeted, g.stalled, g.cursor, g.told = 0, false, false, 0, 0
	g.pinged, g.owed = false, nil
	if g.kind.old() { // it reconnects with a new session
		g.phase, g.partner, g.over = idle, "", false
	}
}

// retryAfter is the minimum time before a legacy client opens another socket.
const retryAfter = 3 * time.Second

// canConnect reports whether it may open a socket. A legacy client might otherwise be matched with its own ghost.
func (g *guest) canConnect(w *world) bool {
	if g.conn != 0 || g.done {
		return false
	}
	for _, s := range w.sockets {
		if g.kind.old() && s.guest == g.id && s.there {
			return w.now >= g.lost.Add(retryAfter)
		}
	}
	return true
}

// connect opens a socket and authenticates.
func (g *guest) connect(w *world) {
	g.dialled++
	g.conn = chat.ConnID(1000*(g.id+1)) + g.dialled // independent of which other guests connect meanwhile
	a := &chat.Auth{Resumable: !g.kind.old(), Fresh: g.hash(g.conn)}
	s := &socket{conn: g.conn, guest: g.id, here: true, there: true, auth: a}
	if g.has {
		a.Resume = &chat.Resume{
			Hash: g.hash(g.session), Epoch: g.epoch,
			Partner: g.partner, Got: g.got, Acked: g.acked,
		}
		if g.bend != 0 {
			a.Resume.Got += g.bend
			a.Resume.Acked += g.bend
			if g.bend == 2 && g.former != "" {
				a.Resume.Partner = g.former
			}
			g.bend = 0
		}
	}
	if g.kind.old() {
		g.session, g.queued = g.conn, false
	}
	w.sockets = append(w.sockets, s)
	if g.kind.old() { // the web client sends auth and search in one burst
		g.phase, g.greeted = searching, true
		g.send(w, chat.Command{Op: chat.Search})
	}
}

func (g *guest) send(w *world, c chat.Command) {
	s := w.socket(g.conn)
	if s == nil || !s.here || !s.there {
		return
	}
	c.Conn = g.conn
	if n := len(g.owed); g.kind == newestOnly && n > 0 && c.Op != chat.Pong {
		s.up = append(s.up, chat.Command{Op: chat.Pong, Conn: g.conn, N: g.owed[n-1]})
		g.owed = nil
	}
	// Only writing a message takes time: everything before the first message is in flight, and everything after it waits.
	large := slices.IndexFunc(s.up, func(c chat.Command) bool { return c.Op == chat.Send })
	switch {
	case c.Op == chat.Pong && g.kind == jumper && large >= 0:
		s.up = slices.Insert(s.up, large+1, c)
	case c.Op == chat.Pong && g.kind == fragmenter && large >= 0:
		c.Start = true // see socket.hears
		s.up = slices.Insert(s.up, large, c)
	default:
		s.up = append(s.up, c)
	}
}

// answer handles a ping: with a pong, or as the kind of guest requires.
func (g *guest) answer(w *world, s *socket, n uint64) {
	newer := slices.ContainsFunc(s.down, func(e chat.Event) bool { return e.Kind == chat.Ping || e.Kind == chat.Probe })
	g.pinged = true
	switch {
	case g.kind == muted:
	case g.kind == delayed:
		g.owed = append(g.owed, n)
	case g.kind == newestOnly && newer:
		g.owed = append(g.owed, n)
	default:
		g.owed = nil
		g.send(w, chat.Command{Op: chat.Pong, N: n})
	}
}

// answerLate answers the oldest delayed ping.
func (g *guest) answerLate(w *world) {
	g.send(w, chat.Command{Op: chat.Pong, N: g.owed[0]})
	g.owed = g.owed[1:]
}

// canSay reports whether the guest has a partner to write to.
func (g *guest) canSay() bool {
	if g.kind.old() {
		return g.conn != 0 && (g.phase == chatting || g.phase == leaving)
	}
	return g.phase == chatting && !g.over
}

// say gives the next message its number, keeps a copy, and sends it when it may. A bad message cannot be relayed.
func (g *guest) say(w *world, bad bool) {
	if g.kind.old() {
		g.words++
		text := g.text(w, uint64(g.words))
		g.send(w, chat.Command{Op: chat.Send, Text: text})
		return
	}
	g.sent++
	text := g.text(w, g.sent)
	if bad {
		text = ""
	}
	w.book.said(g, text)
	g.copies = append(g.copies, text)
	g.pump(w)
}

// text is the nth message of g: it names sender and chat. Every second one is too large to be held, if the plan has a limit.
func (g *guest) text(w *world, n uint64) string {
	text := fmt.Sprintf("%s%d>%s", g.name(), n, g.partner)
	if missing := w.plan.entry + 1 - len(text); n%2 == 0 && w.plan.entry > 0 && missing > 0 {
		text += strings.Repeat("+", missing)
	}
	return text
}

// pump sends the messages not yet sent on this socket.
func (g *guest) pump(w *world) {
	if !g.greeted || g.stalled || g.phase != chatting || g.over {
		return
	}
	for g.cursor = max(g.cursor, g.acked); g.cursor < g.sent; {
		text := g.copies[g.cursor-g.acked]
		g.cursor++
		c := chat.Command{Op: chat.Send, Partner: g.partner, N: g.cursor, Text: text}
		if text == "" {
			c.Refused = chat.ErrBadImage
		}
		g.send(w, c)
	}
}

// confirm tells the server what has arrived, also in a chat that is over.
func (g *guest) confirm(w *world) {
	if g.unconfirmed() {
		g.told = g.got
		g.send(w, chat.Command{Op: chat.Ack, Partner: g.partner, Got: g.got})
	}
}

func (g *guest) unconfirmed() bool {
	return g.greeted && !g.kind.old() && g.partner != "" && g.got > g.told
}

// canPress reports whether there is a button. There is none during a search, because the server takes a second search from a
// session that it has just matched as Next.
func (g *guest) canPress() bool { return g.phase == idle || g.phase == chatting }

// press presses the button: search, or Next.
func (g *guest) press(w *world) {
	c := chat.Command{Op: chat.Search}
	if g.phase == chatting && !g.over && !g.kind.old() {
		g.confirm(w)
		c.Partner = g.partner
		g.phase = leaving
	} else if g.kind.old() && g.phase == chatting {
		g.phase = leaving
	} else if g.phase == idle {
		g.phase = searching
	}
	g.send(w, c)
}

// end leaves permanently.
func (g *guest) end(w *world) {
	g.phase = ending
	g.send(w, chat.Command{Op: chat.End})
}

// quit closes with 1000, after a sleep if it will resume.
func (g *guest) quit(w *world, asleep bool) {
	s := w.socket(g.conn)
	if asleep {
		g.send(w, chat.Command{Op: chat.Sleep, For: napTime})
	} else {
		g.done = true
	}
	g.send(w, chat.Command{Op: chat.Detach, Leaves: true})
	w.lose(s)
}

// hear handles a frame of the current socket; frames of previous sockets are ignored.
func (g *guest) hear(w *world, s *socket, e chat.Event) {
	if s.conn != g.conn {
		return
	}
	w.book.hears(w, g, s, &e)
	if e.Kind == chat.Close {
		w.book.closed(w, g, e.CloseCode)
		w.lose(s)
		switch e.CloseCode {
		case chat.CloseReplaced, chat.CloseImpossible:
			g.forget()
		}
		return
	}
	if e.Kind == chat.Ping || e.Kind == chat.Probe {
		g.answer(w, s, e.N)
	} else if g.kind.old() {
		g.hearOld(e)
	} else {
		g.hearResumable(w, s, e)
	}
}

// forget drops the session.
func (g *guest) forget() {
	g.has, g.written, g.epoch = false, false, ""
	g.phase = idle
	g.enter("")
}

func (g *guest) enter(p chat.Alias) {
	if g.partner != "" {
		g.former = g.partner
	}
	g.partner, g.over, g.got, g.sent, g.acked, g.copies = p, false, 0, 0, 0, nil
	g.cursor, g.told, g.stalled, g.away = 0, 0, false, false
}

// hearOld behaves like the clients of the base protocol: after partner_disconnected they show "searching" and send
// nothing.
func (g *guest) hearOld(e chat.Event) {
	switch e.Kind {
	case chat.Matched:
		g.enter(e.Alias)
		if g.phase != ending {
			g.phase = chatting
		}
	case chat.Searching:
		if g.phase != ending {
			g.phase = searching
		}
	case chat.PartnerDisconnected:
		g.over = true
		if g.phase != ending {
			g.phase = searching
		}
	case chat.ChatEnded:
		g.done = true
	}
}
