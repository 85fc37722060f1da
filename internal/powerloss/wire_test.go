//go:build !race

package powerloss

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// overheard is one message on a socket in the system call log, in either direction.
type overheard struct {
	at     int // index of the event with its last byte
	socket string
	told   *protocol.ServerMessage // from the server
	said   *clientMessage          // from the client
	closed int                     // from the server: the code of its close frame
}

// clientMessage is the part of a client message that the harness needs.
type clientMessage struct {
	Type      string
	PartnerID string
	Got       uint64
	Resume    *struct {
		SessionID string
		PartnerID string
		Got       uint64
	}
}

// stream is one direction of a socket.
type stream struct {
	upgraded bool // the HTTP upgrade is complete
	rest     []byte
	whole    []byte // of a fragmented message
}

// overhear returns the messages in the log, in order.
func overhear(events []Event) ([]overheard, error) {
	var all []overheard
	streams := map[string]*stream{}
	for at := range events {
		e := &events[at]
		if e.Kind != Sent && e.Kind != Received {
			continue
		}
		key := fmt.Sprint(e.Kind, e.Path)
		s := streams[key]
		if s == nil {
			s = &stream{}
			streams[key] = s
		}
		texts, closed := s.take(e.Data)
		for _, text := range texts {
			o := overheard{at: at, socket: e.Path}
			var err error
			if e.Kind == Sent {
				err = json.Unmarshal(text, &o.told)
			} else {
				err = json.Unmarshal(text, &o.said)
			}
			if err != nil {
				return nil, fmt.Errorf("event %d, a frame on %s: %w", at, e.Path, err)
			}
			all = append(all, o)
		}
		if closed != 0 && e.Kind == Sent {
			all = append(all, overheard{at: at, socket: e.Path, closed: closed})
		}
	}
	return all, nil
}

// take adds data to the stream. It returns the messages that are complete, and the code of a close frame after them, if
// there is one.
func (s *stream) take(data []byte) (texts [][]byte, closed int) {
	s.rest = append(s.rest, data...)
	if !s.upgraded {
		_, after, ok := bytes.Cut(s.rest, []byte("\r\n\r\n"))
		if !ok {
			return nil, 0
		}
		s.upgraded, s.rest = true, after
	}
	for {
		head, payload, ok := s.frame()
		if !ok {
			return texts, closed
		}
		if opcode := head & 0x0f; opcode >= 8 { // a ping, a pong or a close, possibly between two fragments
			if opcode == websocket.CloseMessage && len(payload) >= 2 {
				closed = int(binary.BigEndian.Uint16(payload))
			}
			continue
		}
		if s.whole = append(s.whole, payload...); head&0x80 != 0 {
			texts = append(texts, s.whole)
			s.whole = nil
		}
	}
}

// frame consumes one frame (RFC 6455, section 5.2) and returns its first byte and its payload, unmasked.
func (s *stream) frame() (head byte, payload []byte, ok bool) {
	b := s.rest
	if len(b) < 2 {
		return 0, nil, false
	}
	head, size, at := b[0], uint64(b[1]&0x7f), 2
	switch {
	case size == 126 && len(b) >= 4:
		size, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case size == 127 && len(b) >= 10:
		size, at = binary.BigEndian.Uint64(b[2:]), 10
	case size >= 126:
		return 0, nil, false
	}
	var mask []byte
	if b[1]&0x80 != 0 {
		if len(b) < at+4 {
			return 0, nil, false
		}
		mask, at = b[at:at+4], at+4
	}
	if uint64(len(b)-at) < size {
		return 0, nil, false
	}
	payload = bytes.Clone(b[at : at+int(size)])
	for i := range payload {
		if mask != nil {
			payload[i] ^= mask[i%4]
		}
	}
	s.rest = b[at+int(size):]
	return head, payload, true
}
