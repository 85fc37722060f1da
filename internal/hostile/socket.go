package hostile

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// The parts of RFC 6455, section 5.2, that an attack needs.
const (
	frameFinal  = 0x80
	frameMasked = 0x80
	frame16     = 126 // the length is in the next two bytes
	frame64     = 127 // … in the next eight

	// read is the largest frame that an attack looks into.
	read = 1 << 16
)

// socket is a WebSocket that may break every rule.
type socket struct {
	conn net.Conn
	in   *bufio.Reader

	writing sync.Mutex
}

var errRefused = errors.New("the upgrade was refused")

// closedError is a socket that the server has closed.
type closedError struct{ code int }

func (e *closedError) Error() string { return fmt.Sprintf("closed %d", e.code) }

// upgrade opens a socket that has not authenticated.
func (f *front) upgrade() (*socket, error) {
	conn, err := f.connect()
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 1<<10)}
	// The key is the example of RFC 6455: the answer is not checked.
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Forwarded-For: %s\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", f.at, attackAddress)
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetReadDeadline(time.Now().Add(enterWithin))
	defer conn.SetReadDeadline(time.Time{})
	status, err := s.in.ReadString('\n')
	for line := status; err == nil && line != "\r\n"; {
		line, err = s.in.ReadString('\n')
	}
	if err == nil && !strings.HasPrefix(status, "HTTP/1.1 101") {
		err = errRefused
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// resumable is the beginning of the member of auth that a resumable client sends.
const resumable = `,"resume":{"v":1`

// enter opens a socket with a new session.
func (f *front) enter() (*socket, protocol.ServerMessage, error) {
	return f.authenticate(resumable+"}", "session_id")
}

// authenticate opens a socket and authenticates, with more members after the key, and waits for a message of one of these
// types.
func (f *front) authenticate(more string, until ...string) (s *socket, hello protocol.ServerMessage, err error) {
	if s, err = f.upgrade(); err != nil {
		return nil, hello, err
	}
	defer func() {
		if err != nil {
			s.conn.Close()
		}
	}()
	if err = s.say(fmt.Sprintf(`{"type":"auth","apiKey":%q%s}`, f.key, more)); err != nil {
		return s, hello, err
	}
	s.conn.SetReadDeadline(time.Now().Add(enterWithin))
	defer s.conn.SetReadDeadline(time.Time{})
	for {
		if hello, err = s.hear(); err != nil {
			return s, hello, err
		}
		if slices.Contains(until, hello.Type) {
			return s, hello, nil
		}
	}
}

// head returns the beginning of a masked frame with a payload of n bytes. The mask is 0, which leaves the payload as it is.
func head(op byte, n int) []byte {
	h := []byte{frameFinal | op}
	switch {
	case n < frame16:
		h = append(h, frameMasked|byte(n))
	case n < 1<<16:
		h = binary.BigEndian.AppendUint16(append(h, frameMasked|frame16), uint16(n))
	default:
		h = binary.BigEndian.AppendUint64(append(h, frameMasked|frame64), uint64(n))
	}
	return append(h, 0, 0, 0, 0)
}

// say sends one frame, whose payload is all parts together.
func (s *socket) say(parts ...string) error {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	return s.raw(append([]string{string(head(websocket.TextMessage, n))}, parts...)...)
}

// raw sends bytes.
func (s *socket) raw(parts ...string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if len(parts) <= 2 { // in one packet
		parts = []string{strings.Join(parts, "")}
	}
	for _, part := range parts {
		if _, err := io.WriteString(s.conn, part); err != nil {
			return err
		}
	}
	return nil
}

// hear returns the next message, and answers pings. Of one that is too large to look into, only its Type is set. The error
// is a *closedError if the server has closed.
func (s *socket) hear() (m protocol.ServerMessage, err error) {
	for {
		var h [10]byte
		if _, err = io.ReadFull(s.in, h[:2]); err != nil {
			return m, err
		}
		op, n := h[0]&0xf, uint64(h[1])
		switch n {
		case frame16:
			_, err = io.ReadFull(s.in, h[:2])
			n = uint64(binary.BigEndian.Uint16(h[:]))
		case frame64:
			_, err = io.ReadFull(s.in, h[2:])
			n = binary.BigEndian.Uint64(h[2:])
		}
		if err != nil {
			return m, err
		}
		if n > read {
			_, err = io.CopyN(io.Discard, s.in, int64(n))
			return protocol.ServerMessage{Type: "message"}, err
		}
		payload := make([]byte, n)
		if _, err = io.ReadFull(s.in, payload); err != nil {
			return m, err
		}
		switch op {
		case websocket.PingMessage:
			// In the background: a socket that is sending a large frame must still be read.
			go s.raw(string(head(websocket.PongMessage, len(payload))), string(payload))
		case websocket.CloseMessage:
			if len(payload) < 2 {
				return m, &closedError{}
			}
			return m, &closedError{int(binary.BigEndian.Uint16(payload))}
		case websocket.TextMessage:
			return m, json.Unmarshal(payload, &m)
		}
	}
}
