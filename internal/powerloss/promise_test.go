//go:build !race

package powerloss

import (
	"cmp"
	"fmt"
	"slices"

	"chatme/internal/chat"
	"chatme/internal/client"
	"chatme/internal/protocol"
	"chatme/internal/secret"
)

// promise is a frame in which the server reported that something is on disk.
type promise struct {
	at     int // index of the event that sent it
	socket int // number of the socket; a frame for an earlier one that leaves late was decided before
	told   protocol.ServerMessage
	need   int // the first state that keeps it
}

// witness is a session with its promises, in order.
type witness struct {
	hash     chat.Hash // of a legacy client: zero until its first chat reveals it
	promises []*promise
	state    int   // the first state that kept the last promise
	place    int64 // in the queue, at that point
	brief    bool  // a chat came and went within the batch of that state
	pair     int64 // the last chat it was told of, even if it is over
}

func (w *witness) String() string { return w.hash.String() }

// promises maps a frame type to its promise: whether a state keeps it, including what may have become of it since. A
// type that is not in the map promises nothing; nor does session_id, because a session gets its row with its first search.
var promises = map[string]func(l *ledger, w *witness, p *promise, state int) bool{
	"searching":            (*ledger).queued,
	"partner_disconnected": (*ledger).queued,
	"matched":              (*ledger).paired,
	"resumed": func(l *ledger, w *witness, p *promise, state int) bool {
		switch chat.ResumedState(p.told.State) {
		case chat.ResumedMatched:
			return l.paired(w, p, state) && l.held(w, p, state)
		case chat.ResumedSearching:
			return l.queued(w, p, state)
		}
		return len(l.history.rows[w.hash]) > 0 && l.history.rows[w.hash][0].state <= state // it has a row
	},
	"chat_ended": func(l *ledger, w *witness, _ *promise, state int) bool {
		row := l.history.row(w.hash, state)
		return row == nil || row.ended
	},
	"ack": (*ledger).held,
}

// ledger checks all promises of a log against the history of its database.
type ledger struct {
	history   *history
	witnesses []*witness
	confirmed map[chat.Alias][]confirmation // by the sender's alias
	brief     int                           // promises about chats that came and went within one batch
	unknown   int                           // promises to legacy clients that never had a chat: their rows cannot be identified
	broken    []string                      // promises that were not kept at the time they were made
	all       []*promise                    // with need, in log order
	most      []int                         // by index in all: the highest need so far
}

// confirmation is a client's statement that everything up to got has arrived.
type confirmation struct {
	at  int
	got uint64
}

// queued: the session has a place, has since been matched with a different partner than before, or has ended.
func (l *ledger) queued(w *witness, _ *promise, state int) bool {
	row := l.history.row(w.hash, state)
	if row == nil { // never existed, or deleted
		return len(l.history.rows[w.hash]) > 0 && l.history.rows[w.hash][0].state < state
	}
	return row.place != 0 || row.ended || row.pair != 0 && row.pair != w.pair
}

// paired: the chat has existed with both sides, and this session is one of them.
func (l *ledger) paired(w *witness, p *promise, state int) bool {
	c, ok := l.history.chats[chat.Alias(p.told.PartnerID)]
	return ok && state >= c.state && slices.Contains(l.history.members[c.pair], w.hash)
}

// held: every mailbox entry up to recv is in the partner's mailbox, except those that the partner has confirmed.
func (l *ledger) held(w *witness, p *promise, state int) bool {
	var me, partner *sessionRow
	for _, hash := range l.history.members[w.pair] {
		if row := l.history.row(hash, l.history.before(p.at)); hash == w.hash {
			me = row
		} else {
			partner = row
		}
	}
	if me == nil || partner == nil || me.alias == "" || !partner.resumable {
		return true // the chat is over, or nothing is held because the partner cannot resume
	}
	var got uint64
	for _, c := range l.confirmed[me.alias] {
		if c.at < p.at {
			got = max(got, c.got)
		}
	}
	for n := got + 1; n <= p.told.Recv; n++ {
		if s, ok := l.history.entries[entry{partner.id, w.pair, int64(n)}]; !ok || state < s.from {
			return false
		}
	}
	return true
}

// newLedger finds the promises in the overheard frames, and the first state that keeps each.
func newLedger(h *history, frames []overheard) *ledger {
	l := &ledger{history: h, confirmed: map[chat.Alias][]confirmation{}}
	l.attribute(frames)
	for _, w := range l.witnesses {
		l.settle(w)
	}
	slices.SortStableFunc(l.all, func(a, b *promise) int { return cmp.Compare(a.at, b.at) })
	most := 0
	for _, p := range l.all {
		most = max(most, p.need)
		l.most = append(l.most, most)
	}
	return l
}

// attribute finds the session of each frame: a socket belongs to the session ID that was sent or presented on it.
func (l *ledger) attribute(frames []overheard) {
	sessions, sockets, numbers := map[chat.Hash]*witness{}, map[string]*witness{}, map[string]int{}
	ended := map[string]*promise{} // by socket
	session := func(id string) *witness {
		hash := secret.HashOf(id)
		if sessions[hash] == nil {
			sessions[hash] = &witness{hash: hash}
			l.witnesses = append(l.witnesses, sessions[hash])
		}
		return sessions[hash]
	}
	for _, f := range frames {
		w := sockets[f.socket]
		if w == nil {
			w = &witness{}
			l.witnesses = append(l.witnesses, w)
			numbers[f.socket] = len(numbers)
		}
		switch {
		case f.said != nil && f.said.Resume != nil && f.said.Resume.SessionID != "":
			w = session(f.said.Resume.SessionID)
			l.confirm(f.at, f.said.Resume.PartnerID, f.said.Resume.Got)
		case f.said != nil && f.said.Type == "ack":
			l.confirm(f.at, f.said.PartnerID, f.said.Got)
		case f.told != nil && f.told.Type == "session_id":
			w = session(f.told.SessionID)
		}
		sockets[f.socket] = w
		switch {
		case f.told != nil && f.told.Type == "chat_ended":
			ended[f.socket] = &promise{at: f.at, socket: numbers[f.socket], told: *f.told, need: never}
		case f.told != nil && promises[f.told.Type] != nil:
			w.promises = append(w.promises, &promise{at: f.at, socket: numbers[f.socket], told: *f.told, need: never})
		case f.closed == chat.CloseNormal && ended[f.socket] != nil: // otherwise the shutdown sent it, and it promises nothing
			w.promises = append(w.promises, ended[f.socket])
		}
	}
	for _, w := range l.witnesses {
		slices.SortStableFunc(w.promises, func(a, b *promise) int { return cmp.Compare(a.socket, b.socket) })
	}
}

func (l *ledger) confirm(at int, alias string, got uint64) {
	l.confirmed[chat.Alias(alias)] = append(l.confirmed[chat.Alias(alias)], confirmation{at, got})
}

// settle finds the earliest state that keeps each promise to w. It is not before that of the previous promise, and must
// be complete before the frame left.
func (l *ledger) settle(w *witness) {
	if w.hash == (chat.Hash{}) && !l.recognise(w) {
		l.unknown += len(w.promises)
		return
	}
	for i, p := range w.promises {
		if p.told.PartnerID != "" && p.told.Type == "resumed" { // it may name a chat before the last one reported
			w.pair = l.history.chats[chat.Alias(p.told.PartnerID)].pair
		}
		kept := promises[p.told.Type]
		last := l.history.before(p.at)
		for state := w.state; state <= last; state++ {
			if kept(l, w, p, state) {
				w.brief = w.brief && state == w.state
				p.need, w.state = state, state
				break
			}
		}
		if p.need == never && l.wasBrief(w, p, i == len(w.promises)-1) {
			l.brief++
			w.brief = true
			continue
		}
		if p.need == never {
			l.broken = append(l.broken, fmt.Sprintf("event %d: %s was sent %s before it was written", p.at, w, client.Describe(&p.told)))
			continue
		}
		l.all = append(l.all, p)
		if row := l.history.row(w.hash, w.state); row != nil {
			w.place = row.place
		}
		if p.told.Type == "matched" {
			w.pair = l.history.chats[chat.Alias(p.told.PartnerID)].pair
		}
	}
}

// wasBrief reports whether p is about a chat that came and went within one batch, so that no state ever contained it;
// only what followed it is written. That is the next promise, if the socket lived long enough to receive it.
func (l *ledger) wasBrief(w *witness, p *promise, isLast bool) bool {
	if _, ok := l.history.chats[chat.Alias(p.told.PartnerID)]; ok || p.told.Type != "matched" {
		return false
	}
	for state := w.state; isLast && !w.brief; state++ {
		if state > l.history.before(p.at) {
			return false
		}
		if row := l.history.row(w.hash, state); row == nil || row.ended || row.place != w.place && row.pair != w.pair {
			break
		}
	}
	return true
}

// recognise finds the row of a legacy client, which has no session ID, by its first chat.
func (l *ledger) recognise(w *witness) bool {
	for _, p := range w.promises {
		c, ok := l.history.chats[chat.Alias(p.told.PartnerID)]
		if !ok {
			continue
		}
		for _, hash := range l.history.members[c.pair] {
			if row := l.history.row(hash, c.state); row.alias != chat.Alias(p.told.PartnerID) {
				w.hash = hash
				return true
			}
		}
	}
	return false
}

// needed returns the state that an image from just before event must have reached.
func (l *ledger) needed(event int) int {
	i, _ := slices.BinarySearchFunc(l.all, event, func(p *promise, event int) int { return cmp.Compare(p.at, event) })
	if i == 0 {
		return 0
	}
	return l.most[i-1]
}

// lost returns a few of the promises from before event that state does not keep.
func (l *ledger) lost(event, state int) []string {
	const few = 3
	var all []string
	for _, p := range l.all {
		if p.at < event && p.need > state && len(all) < few {
			all = append(all, fmt.Sprintf("%s, sent at event %d", client.Describe(&p.told), p.at))
		}
	}
	return all
}
