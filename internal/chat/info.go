package chat

import (
	"iter"
	"strings"
)

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
	return l.info(s), true
}

func (l *Lobby) info(s *session) SessionInfo {
	info := SessionInfo{Hash: s.Hash, State: s.State(), Here: s.conn != 0, Resumable: s.Resumable,
		Network: s.network, Proven: s.proven, StandsOut: s.standsOut(l)}
	info.Ignored, info.Short = int(s.streaks.n[ignored]), int(s.streaks.n[short])
	if s.partner != nil {
		info.Partner = s.partner.Hash
	}
	return info
}

// Infos yields the state of every session in memory, in no particular order.
func (l *Lobby) Infos() iter.Seq[SessionInfo] {
	return func(yield func(SessionInfo) bool) {
		for _, s := range l.sessions {
			if !yield(l.info(s)) {
				return
			}
		}
	}
}

// NetworkInfo is what an operator may see about a network.
type NetworkInfo struct {
	Census
	Ignored, Short int  // its streaks; see SessionInfo
	StandsOut      bool // its sessions stand out, unless they are proven and far from that themselves
}

// Networks returns what is known about the networks of the sessions in memory. Sessions of unknown networks are one
// network, 0. It visits every session.
func (l *Lobby) Networks() map[Network]NetworkInfo {
	all := make(map[Network]NetworkInfo)
	for _, s := range l.sessions {
		n := all[s.network]
		n.count(l, s)
		all[s.network] = n
	}
	for network, n := range all {
		if k := l.standings.networks.find(network, l.now); k != nil {
			n.Ignored, n.Short = int(k.n[ignored]), int(k.n[short])
			n.StandsOut = l.cfg.LowPriority != LowPriorityOff && k.atLeast(l.standings.need, 1)
			all[network] = n
		}
	}
	return all
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
