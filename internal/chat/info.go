package chat

import "strings"

// SessionInfo is what an operator may see about a session.
type SessionInfo struct {
	Hash      Hash
	Partner   Hash // the zero Hash if it has none
	State     State
	Here      bool // it has a socket
	Resumable bool
	Network   Network // of its latest socket
	Proven    bool    // it has had a proper chat
	Ignored   int     // chats in a row in which the other side wrote nothing…
	Short     int     // … and that were not proper, as proven sessions saw them
	StandsOut bool    // it is in the low-priority pool, if there is one
}

// Info returns the state of the session with hash h; false if it is not in memory.
func (l *Lobby) Info(h Hash) (SessionInfo, bool) {
	s := l.sessions[h]
	if s == nil {
		return SessionInfo{}, false
	}
	info := SessionInfo{Hash: s.Hash, State: s.State(), Here: s.conn != 0, Resumable: s.Resumable,
		Network: s.network, Proven: s.proven, StandsOut: s.standsOut(l)}
	info.Ignored, info.Short = int(s.streaks.n[ignored]), int(s.streaks.n[short])
	if s.partner != nil {
		info.Partner = s.partner.Hash
	}
	return info, true
}

// Named returns the sessions in memory whose name, as returned by Hash.String, begins with prefix, in no particular order.
func (l *Lobby) Named(prefix string) (found []Hash) {
	for h := range l.sessions {
		if strings.HasPrefix(h.String(), prefix) {
			found = append(found, h)
		}
	}
	return found
}
