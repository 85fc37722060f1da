package explore

import (
	"fmt"
	"slices"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// socket is one connection. Each end can be closed before the other knows. Frames that have left the gate are on the wire
// and may arrive after the server has ended; frames behind the gate are lost with the server.
type socket struct {
	conn  chat.ConnID
	guest int
	here  bool // the client's end is open
	there bool // the server's end is open

	auth   *chat.Auth // sent and not yet attached; the frames after it wait
	need   uint64     // looking up a row: the batch that must be committed first; 0: no lookup
	gate   []chat.Event
	cursor uint64         // the last number sent of the Replay at the head of the gate
	down   []chat.Event   // on the wire to the client
	up     []chat.Command // on the wire to the server

	epoch string     // of the run that answered
	chat  chat.Alias // the chat that leaves the gate
	heard chat.Alias // the chat that arrives…
	place uint64     // … and the last number that arrived or was shown as a gap
	slept bool       // its last word was sleep

	sight    chat.Sight // what the server's end knows
	answered bool       // a ping was
}

// sight is what the lobby is told about a socket.
func (w *world) sight(c chat.ConnID) chat.Sight {
	s := w.socket(c)
	if s == nil {
		return chat.Sight{}
	}
	sight := s.sight
	switch w.plan.bug {
	case neverNoisy:
		sight.Noise, sight.Reading = 0, false
	case alwaysHeard:
		sight.Heard = w.now
	case alwaysOpen:
		sight.Opened = 0
	}
	return sight
}

// hears records a frame from a client, for sight. amid is a pong between two fragments of a message.
func (s *socket) hears(w *world, c *chat.Command) {
	s.sight.Heard = w.now
	s.sight.Reading = c.Op == chat.Pong && c.Start
	if c.Op != chat.Pong {
		s.sight.Noise = s.sight.Pinged
	}
	if c.Op == chat.Pong {
		c.Start, s.answered = false, true
		if w.plan.bug == earlierPong {
			c.N = s.sight.Pinged
		}
	}
}

func (w *world) socket(c chat.ConnID) *socket {
	for _, s := range w.sockets {
		if s.conn == c {
			return s
		}
	}
	return nil
}

func (w *world) sweep() {
	w.sockets = slices.DeleteFunc(w.sockets, func(s *socket) bool { return !s.here && !s.there })
}

// canServe reports whether the server can continue reading: a resume of a session that is not in memory waits for its row.
func (w *world) canServe(s *socket) bool {
	if !s.there || w.stopping {
		return false
	}
	if s.auth == nil {
		return len(s.up) > 0
	}
	for _, newer := range w.sockets { // the oldest comes first, or not at all
		if newer.guest == s.guest && newer.conn > s.conn && newer.auth == nil {
			return false
		}
	}
	return s.need == 0 || w.committed >= s.need
}

// serve makes the server read the next frame of a socket.
func (w *world) serve(s *socket) {
	if s.auth == nil {
		c := s.up[0]
		s.up = s.up[1:]
		if c.Op == chat.Detach {
			s.there = false
		} else {
			s.hears(w, &c)
		}
		w.noteCommand(s, &c)
		w.step(c)
		s.sight.Reading = false
		return
	}
	a := s.auth
	if a.Resume != nil && !rig.InMemory(w.lobby, a.Resume.Hash) {
		if s.need = rig.LastChange(w.lobby, a.Resume.Hash); s.need > w.committed && w.plan.bug != readEarly {
			return
		}
		a.Found = nil
		if r := w.disk.row(a.Resume.Hash, 0); r != nil {
			a.Found = &chat.Found{Record: *r, Mail: w.disk.mail(r.ID)}
			if w.plan.bug == foundForgotten {
				a.Found.Mail = nil
			}
		}
	}
	s.auth, s.need, s.epoch = nil, 0, fmt.Sprintf("e%d", w.disk.epoch+1)
	s.sight.Opened, s.sight.Heard = w.now, w.now
	w.noteAttach(s, a)
	w.step(chat.Command{Op: chat.Attach, Conn: s.conn, Auth: a})
}

func (w *world) canLeave(s *socket) bool {
	return s.there && len(s.gate) > 0 && (s.gate[0].After <= w.committed || w.plan.bug == gateOpen)
}

// leave sends the next frame of a socket; of a replay one entry, as it is on disk now.
func (w *world) leave(s *socket) {
	e := s.gate[0]
	if e.Kind == chat.Replay {
		s.cursor = max(s.cursor, e.Mail.After)
		if s.cursor < e.Mail.UpTo {
			f := w.entry(e.Mail, s.cursor)
			f.Conn, s.cursor = e.Conn, f.N
			w.put(s, f)
		}
		if s.cursor >= e.Mail.UpTo {
			s.gate, s.cursor = s.gate[1:], 0
		}
		return
	}
	s.gate = s.gate[1:]
	w.book.leaves(w, s, &e)
	if e.Kind == chat.Ping || e.Kind == chat.Probe {
		s.sight.Pinged, s.sight.PingedAt = e.N, w.now
	}
	w.put(s, e)
	if e.Kind == chat.Close {
		s.there, s.gate, s.up = false, nil, nil
		if !w.stopping {
			w.step(chat.Command{Op: chat.Detach, Conn: s.conn})
		}
	}
}

// entry returns the frame of a replay after a number: a message, or a gap.
func (w *world) entry(r *chat.MailRange, after uint64) chat.Event {
	for n := after + 1; n <= r.UpTo; n++ {
		m := w.disk.entry(r.To, r.Pair, n)
		if m == nil || m.Text == "" && m.Image == "" {
			continue
		}
		if n > after+1 {
			return chat.Event{Kind: chat.Gap, N: n - 1}
		}
		e := chat.Event{Kind: chat.Message, Alias: r.Alias, Text: m.Text, Image: m.Image, N: n, At: m.At}
		switch w.plan.bug {
		case deletedWhenSent:
			m.To = 0
		case replayForeign:
			e.Alias += "0"
		}
		return e
	}
	return chat.Event{Kind: chat.Gap, N: r.UpTo}
}

// put puts a frame on the wire, if its other end is open.
func (w *world) put(s *socket, e chat.Event) {
	switch w.plan.bug {
	case gapsLost:
		if e.Kind == chat.Gap {
			return
		}
	case endUntold:
		if e.Kind == chat.PartnerDisconnected {
			return
		}
	case deliveredTwice:
		if e.Kind == chat.Message && s.here {
			s.down = append(s.down, e)
		}
	case matchUntold:
		if e.Kind == chat.Matched && s.conn%2 == 0 {
			return
		}
	case reordered:
		if n := len(s.down); e.Kind == chat.Message && n > 0 && s.down[n-1].Kind == chat.Message {
			s.down = slices.Insert(s.down, n-1, e)
			return
		}
	}
	if s.here {
		s.down = append(s.down, e)
	}
}

// deliver makes the client read the next frame on the wire.
func (w *world) deliver(s *socket) {
	e := s.down[0]
	s.down = s.down[1:]
	w.noteArrival(s, e)
	w.guests[s.guest].hear(w, s, e)
}

// notice closes a socket on the server's side: the client's frames in flight are lost.
func (w *world) notice(s *socket) {
	s.there, s.gate, s.cursor, s.up = false, nil, 0, nil
	if s.auth != nil {
		s.auth = nil
		return
	}
	c := chat.Command{Op: chat.Detach, Conn: s.conn}
	w.noteCommand(s, &c)
	w.step(c)
}

// lose closes a socket on the client's side: the server's frames in flight are lost.
func (w *world) lose(s *socket) {
	s.here, s.down = false, nil
	if g := w.guests[s.guest]; g.conn == s.conn {
		g.lost = w.now
		g.offline()
	}
}
