package explore

import (
	"strconv"
	"strings"
	"time"

	"chatme/internal/chat"
)

// ledger is the complete history of the world: every chat that began, the messages sent and the events reported in
// it, and the messages that arrived. The invariants are checked against it.
type ledger struct {
	bonds []*bond
	sides []int // of every alias used, its bond
}

// bond is one chat. Sides 0 and 1 are those of the rows.
type bond struct {
	pair    chat.PairID
	alias   [2]chat.Alias // the alias of this side
	id      [2]chat.ID
	guest   [2]int
	session [2]chat.ConnID
	told    bool    // a client was told that it began
	ended   bool    // not in the rows of the lobby
	endTold bool    // a client was told that it ended
	may     bool    // this step can cause it to end
	left    [2]bool // this side left, and gave up the messages held for it
	foreign bool    // its database was replaced
	dir     [2]lane // from this side to the other
}

// lane is one direction of a chat.
type lane struct {
	said    []string // by number, of a sender that uses numbers; "" is used up
	recv    uint64   // the sender was told that custody passed up to here
	arrived []bool   // by number
	serial  int      // of the last body that arrived
	closed  bool     // the receiver was told that the chat is over
}

// origin is the sender of a body and its intended chat. The body contains both: "b3>$1" is b's third to $1.
type origin struct {
	guest  int
	serial int
	to     chat.Alias
}

func parse(text string) (o origin, ok bool) {
	who, to, ok := strings.Cut(text, ">")
	if !ok || len(who) < 2 {
		return o, false
	}
	to, _, _ = strings.Cut(to, "+")
	n, err := strconv.Atoi(who[1:])
	return origin{int(who[0] - 'a'), n, chat.Alias(to)}, err == nil
}

// bond returns the chat in which the other side is known as a, and which side that is.
func (l *ledger) bond(a chat.Alias) (*bond, int) {
	n := number(a)
	if n == 0 || n >= len(l.sides) || l.sides[n] == 0 {
		return nil, 0
	}
	b := l.bonds[l.sides[n]-1]
	if b.alias[1] == a {
		return b, 1
	}
	return b, 0
}

// number returns the n of $n.
func number(a chat.Alias) int {
	if a == "" {
		return 0
	}
	n, _ := strconv.Atoi(string(a[1:]))
	return n
}

// live returns the chat that a guest's session is in, and its side.
func (l *ledger) live(g *guest) (*bond, int) {
	for _, b := range l.bonds {
		for side := range b.guest {
			if !b.ended && b.guest[side] == g.id && b.session[side] == g.session {
				return b, side
			}
		}
	}
	return nil, 0
}

// said records the next body of an honest resumable guest before it is sent; "" is one that cannot be relayed.
func (l *ledger) said(g *guest, text string) {
	if b, side := l.bond(g.partner); b != nil && g.kind == resumable {
		d := &b.dir[1-side]
		for uint64(len(d.said)) < g.sent {
			d.said = append(d.said, "")
		}
		d.said[g.sent-1] = text
	}
}

// actor returns the guest and socket that a command comes from; nil if it is fenced.
func (l *ledger) actor(w *world, c *chat.Command) *guest {
	s := w.socket(c.Conn)
	if c.Conn == 0 || s == nil {
		return nil
	}
	if w.guests[s.guest].current != c.Conn && w.guests[s.guest].kind != liar { // a liar's claim may have been refused
		return nil
	}
	return w.guests[s.guest]
}

// before records which chats this command may end.
func (l *ledger) before(w *world, c *chat.Command) *guest {
	switch c.Op {
	case chat.Attach:
		g := w.guests[w.socket(c.Conn).guest]
		g.current, g.nap = c.Conn, 0
		return g
	case chat.Tick:
		l.windows(w)
		return nil
	}
	if b, _ := l.haunted(w, c); b != nil {
		b.may = true
	}
	g := l.actor(w, c)
	if g == nil || g.kind.old() && g.session != c.Conn {
		return nil
	}
	s := w.socket(c.Conn)
	b, side := l.live(g)
	leaves := false
	switch c.Op {
	case chat.Search:
		leaves = b != nil && (c.Partner == "" || c.Partner == b.alias[1-side] || g.kind.old())
	case chat.End:
		leaves = true
	case chat.Detach:
		leaves = g.kind.old() || c.Leaves && !s.slept
		if b != nil && w.guests[b.guest[1-side]].kind.old() {
			l.full(w, b, side)
		}
		if s.slept {
			g.nap = napTime
		}
	case chat.Send:
		if b != nil && g.kind.old() {
			l.full(w, b, 1-side)
		}
	case chat.Sleep:
		s.slept = true
		return g
	}
	if c.Op != chat.Ack && c.Op != chat.Pong && c.Op != chat.AppPing && c.Op != chat.Typing && c.Op != chat.Detach {
		s.slept = false
	}
	if g.kind == liar {
		leaves = true
	}
	if leaves && b != nil {
		b.may = true
	}
	if leaves && c.Op != chat.Search {
		g.queued = false
	}
	return g
}

// haunted returns the chat that a previous socket of a legacy client is in, and its side.
func (l *ledger) haunted(w *world, c *chat.Command) (*bond, int) {
	s := w.socket(c.Conn)
	if s == nil || !w.guests[s.guest].kind.old() || w.guests[s.guest].session == s.conn {
		return nil, 0
	}
	for _, b := range l.bonds {
		for side := range b.guest {
			if !b.ended && b.guest[side] == s.guest && b.session[side] == s.conn {
				return b, side
			}
		}
	}
	return nil, 0
}

// full records that the chat of a legacy sender ends if the mailbox of its partner, which is away or goes away, is full.
func (l *ledger) full(w *world, b *bond, side int) {
	b.may = true
	w.guests[b.guest[side]].queued = false
}

// windows records the chats that may end because a side was away too long.
func (l *ledger) windows(w *world) {
	for _, r := range w.lobby.Records() {
		if r.AwaySince == 0 {
			continue
		}
		away := time.Duration(w.now-max(r.AwaySince, w.listening)) * time.Millisecond
		for _, b := range l.bonds {
			for side, id := range b.id {
				if b.ended || b.alias[side] != r.Alias || id != r.ID {
					continue
				}
				window := 120 * time.Second
				if w.guests[b.guest[1-side]].kind.old() {
					window = 30 * time.Second
				} else if nap := w.guests[b.guest[side]].nap; nap != 0 {
					window = nap
				}
				if away >= window || w.guests[b.guest[side]].kind == liar { // which has more than one session
					b.may = true
					w.guests[b.guest[side]].queued = false
				}
			}
		}
		if g := w.guests[owner(r.Hash)]; r.Hash == g.hash(g.session) && away >= 30*time.Second && r.State() == chat.Waiting {
			g.queued = false
		}
	}
}

// after records which guests left.
func (l *ledger) after(w *world, c *chat.Command, g *guest) {
	if b, side := l.haunted(w, c); b != nil && !among(w.lobby.Records(), b) {
		b.left[side] = true
	}
	if g == nil || c.Op != chat.Search && c.Op != chat.End && c.Op != chat.Detach {
		return
	}
	if c.Op == chat.End || c.Leaves && !w.socket(c.Conn).slept {
		l.giveUp(g) // also a tail
	}
	if b, side := l.live(g); b != nil && !among(w.lobby.Records(), b) {
		b.left[side] = true
	}
}

// giveUp records that no messages need to be held for a session any more.
func (l *ledger) giveUp(g *guest) {
	for _, b := range l.bonds {
		for side, id := range b.guest {
			b.left[side] = b.left[side] || id == g.id && b.session[side] == g.session
		}
	}
}

// among reports whether a chat is in the rows of the lobby.
func among(rows []chat.Record, b *bond) bool {
	n := 0
	for i := range rows {
		if r := &rows[i]; r.Alias != "" && (r.Alias == b.alias[0] || r.Alias == b.alias[1]) {
			n++
		}
	}
	return n == 2
}

// restored ends every chat.
func (l *ledger) restored(w *world) {
	for _, b := range l.bonds {
		b.ended, b.foreign = true, true
	}
	for _, g := range w.guests {
		g.queued = false
	}
}
