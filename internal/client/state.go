package client

import (
	"slices"

	"chatme/internal/chat"
	"chatme/internal/protocol"
)

// State is what a client keeps of its session to come back with. SessionID is a bearer secret: MUST NOT be logged.
type State struct {
	SessionID string // "" before session_id, after the session's end, and for old clients
	Epoch     string

	// The latest chat heard of, also one that is over, until searching or the next matched.
	Partner string // the partner's alias; "" is none
	Got     uint64 // everything of the partner up to this number has arrived
	Sent    uint64 // the last number given
	Acked   uint64 // the server's recv: it has taken custody up to this number
	Copies  []Body // what was sent and is not in custody, by rising number
}

// Body is what a message carries, with its number in the chat.
type Body struct {
	N           uint64
	Text, Image string
}

func (s *State) clone() State {
	c := *s
	c.Copies = slices.Clone(s.Copies)
	return c
}

// State returns where the session stands as of the last message taken.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.clone()
}

// enter begins a chat, or with "" leaves the one that was.
func (s *State) enter(partner string) {
	s.Partner, s.Got, s.Sent, s.Acked, s.Copies = partner, 0, 0, 0, nil
}

// apply brings s up to date with a message of the server.
func (s *State) apply(m *protocol.ServerMessage) {
	switch m.Type {
	case "session_id":
		*s = State{SessionID: m.SessionID, Epoch: m.Epoch}
	case "resume_failed", "chat_ended":
		*s = State{}
	case "resumed":
		s.resumed(m)
	case "searching":
		s.enter("")
	case "matched":
		s.enter(m.PartnerID)
	case "message":
		if m.From == s.Partner {
			s.Got = max(s.Got, m.N)
		}
	case "gap":
		s.Got = max(s.Got, m.N)
	case "ack":
		s.confirm(m.Recv)
	case "error":
		switch chat.ErrorCode(m.Code) {
		case chat.ErrBadImage, chat.ErrBadMessage, chat.ErrTooLarge: // the number is used up
			s.Copies = slices.DeleteFunc(s.Copies, func(b Body) bool { return b.N == m.N })
		}
	}
}

func (s *State) resumed(m *protocol.ServerMessage) {
	s.Epoch = m.Epoch
	switch chat.ResumedState(m.State) {
	case chat.ResumedMatched:
		if m.PartnerID != s.Partner {
			s.enter(m.PartnerID)
		}
		s.confirm(m.Recv)
		s.Sent = max(s.Sent, m.Last) // above what was ever sent: go on behind it
	case chat.ResumedSearching, chat.ResumedIdle:
		s.enter("")
	}
}

func (s *State) confirm(recv uint64) {
	s.Acked = max(s.Acked, recv)
	s.Copies = slices.DeleteFunc(s.Copies, func(b Body) bool { return b.N <= s.Acked })
}
