package chat

import "strings"

// Glance is what an operator may see of a session.
type Glance struct {
	Hash      Hash
	Partner   Hash // the zero Hash: it has none
	State     State
	Here      bool // it has a socket
	Resumable bool
}

// Glance returns what the session attached to conn is doing; false if there is none.
func (l *Lobby) Glance(conn ConnID) (Glance, bool) {
	s := l.conns[conn]
	if s == nil {
		return Glance{}, false
	}
	return s.glance(), true
}

// GlanceOf returns what the session of h is doing; false if it is not in memory.
func (l *Lobby) GlanceOf(h Hash) (Glance, bool) {
	s := l.sessions[h]
	if s == nil {
		return Glance{}, false
	}
	return s.glance(), true
}

// Overdue returns the sessions whose chat a Tick at now will end, because they have stayed away too long.
func (l *Lobby) Overdue(now Time) (all []Glance) {
	for _, s := range l.due {
		if s.deadline <= now && s.conn == 0 && s.Pair != 0 {
			all = append(all, s.glance())
		}
	}
	return all
}

// Named returns the sessions in memory whose name, as Hash.String gives it, begins with prefix, in no order.
func (l *Lobby) Named(prefix string) (found []Hash) {
	for h := range l.sessions {
		if strings.HasPrefix(h.String(), prefix) {
			found = append(found, h)
		}
	}
	return found
}

func (s *session) glance() Glance {
	g := Glance{Hash: s.Hash, State: s.State(), Here: s.conn != 0, Resumable: s.Resumable}
	if s.partner != nil {
		g.Partner = s.partner.Hash
	}
	return g
}
