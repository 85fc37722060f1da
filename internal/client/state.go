package client

import (
	"slices"

	"chatme/internal/chat"
	"chatme/internal/protocol"
)

// State is what a client keeps of its session for a resume. SessionID is a bearer secret: it MUST NOT be logged.
type State struct {
	SessionID string // "" before session_id, after the session's end, and for legacy clients
	Epoch     string
	Asked     bool // a search was sent and is not answered: on a new session that replaces this one it must be sent again

	// The latest known chat, until the next matched. One that is over stays too, with its Got: its tail may still need to
	// be confirmed, and a resume that does not name it brings the tail again. One that this client left is forgotten at
	// searching, the answer to Next: with Next the client gave up its messages.
	Partner string // the partner's alias; "" is none
	Over    bool   // the chat is over, but this client did not leave it; messages sent in it are dropped
	Got     uint64 // all messages from the partner up to this number have arrived or will not come
	Sent    uint64 // the last number used
	Acked   uint64 // the server's recv: it has taken custody up to this number
	Copies  []Body // sent but not in custody, in ascending order
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

// State returns the state of the session as of the last message taken.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.clone()
}

// enter begins a chat or, with "", forgets the previous one.
func (s *State) enter(partner string) {
	*s = State{SessionID: s.SessionID, Epoch: s.Epoch, Asked: s.Asked, Partner: partner}
}

// apply updates s with a message from the server.
func (s *State) apply(m *protocol.ServerMessage) {
	switch m.Type {
	case "session_id":
		*s = State{SessionID: m.SessionID, Epoch: m.Epoch, Asked: s.Asked}
	case "resume_failed":
		*s = State{Asked: s.Asked}
	case "chat_ended":
		*s = State{}
	case "resumed":
		s.resumed(m)
	case "searching":
		s.Asked = false
		if !s.Over {
			s.enter("")
		}
	case "matched":
		s.Asked = false
		s.enter(m.PartnerID)
	case "partner_disconnected": // even if it crosses a Next, which the server has then dropped
		s.Asked, s.Over = false, s.Partner != ""
	case "message":
		if m.From == s.Partner {
			s.take(m.N)
		}
	case "gap":
		s.take(m.N)
	case "ack":
		s.confirm(m.Recv)
	case "error":
		switch chat.ErrorCode(m.Code) {
		case chat.ErrBadImage, chat.ErrBadMessage, chat.ErrTooLarge: // the number is used up
			s.Copies = slices.DeleteFunc(s.Copies, func(b Body) bool { return b.N == m.N })
		}
	}
}

// take records that n has arrived or will not come. A number seen before changes nothing. A number beyond the next means,
// as a gap does, that those between will not come.
func (s *State) take(n uint64) {
	if s.Partner != "" {
		s.Got = max(s.Got, n)
	}
}

func (s *State) resumed(m *protocol.ServerMessage) {
	s.Epoch = m.Epoch
	switch chat.ResumedState(m.State) {
	case chat.ResumedMatched:
		if m.PartnerID != s.Partner {
			s.Asked = false
			s.enter(m.PartnerID)
		}
		s.Over = false
		s.confirm(m.Recv)
		if m.Last > s.Sent { // numbers unknown to this client: its copies have lost theirs
			s.Sent, s.Copies = m.Last, nil
		}
	case chat.ResumedEnded:
		s.Asked, s.Over = false, s.Partner != ""
	case chat.ResumedSearching, chat.ResumedIdle: // no chat was named
		s.Asked = s.Asked && m.State == string(chat.ResumedIdle)
		s.enter("")
	}
}

func (s *State) confirm(recv uint64) {
	s.Acked = max(s.Acked, recv)
	s.Copies = slices.DeleteFunc(s.Copies, func(b Body) bool { return b.N <= s.Acked })
}
