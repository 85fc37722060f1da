package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

type benchStage uint8

const (
	connectingStage benchStage = iota
	upgradingStage             // the request is sent
	greetingStage              // auth is sent
	greetedStage               // the session is known
	goneStage
)

// Conn is one socket of the load. The goroutine of the loop owns all its fields.
type Conn struct {
	loop  *Loop
	fd    int
	who   int
	stage benchStage
	old   bool
	in    []byte // the beginning of an incomplete frame; nil if there is none
	out   []byte // data that the socket has not taken yet
	began int64  // when the dial began

	Hears  func(*Conn, *Heard) // a message after the greeting
	greets func(*Conn)         // once at the greeting

	sessionID, epoch string // for a resume

	partner string // the partner's alias
	speech  *speech
	sent    uint64
	got     uint64
	unacked int
	dueBy   int64 // when to acknowledge, or to send Next; 0: never
	asked   int64 // when search was sent; 0: no answer is awaited
}

// loop is the goroutine of all sockets of a load.
type Loop struct {
	*poll
	to      netip.AddrPort
	hello   []byte // the request for the upgrade
	key     string
	conns   []*Conn // by descriptor
	open    int
	dues    []func(now int64) (next int64) // each does what is due and returns when to call it again
	buffer  []byte
	scratch []byte
	message Heard
	err     error // why the first connection was lost
}

const loopBuffer = 1 << 17

func NewLoop(to netip.AddrPort, host, path, key string) (*Loop, error) {
	p, err := newPoll()
	if err != nil {
		return nil, err
	}
	// The key is the example of RFC 6455: the load does not check the accept value.
	hello := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	return &Loop{poll: p, to: to, hello: []byte(hello), key: key, buffer: make([]byte, loopBuffer)}, nil
}

// Close cuts all connections.
func (l *Loop) Close() {
	for _, c := range l.conns {
		if c != nil {
			c.cut()
		}
	}
	l.poll.close()
}

// sources is the number of loopback addresses that the load dials from: each has 28,000 ports.
const sources = 32

// connect starts connecting c.
func (l *Loop) connect(c *Conn) error {
	var from netip.Addr
	if l.to.Addr().IsLoopback() && l.to.Addr().Is4() {
		from = netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + c.who%sources)})
	}
	fd, err := dial(l.to, from)
	if err != nil {
		return fmt.Errorf("connection %d: %w", c.who, err)
	}
	if err := l.add(fd, pollInAndOut); err != nil {
		closeSocket(fd)
		return fmt.Errorf("connection %d: %w", c.who, err)
	}
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	l.open++
	c.loop, c.fd, c.stage, c.in, c.out, c.began = l, fd, connectingStage, nil, nil, l.now()
	return nil
}

// cut closes the socket without a close frame.
func (c *Conn) cut() {
	if c.stage == goneStage {
		return
	}
	c.stage = goneStage
	c.loop.conns[c.fd] = nil
	c.loop.open--
	closeSocket(c.fd)
}

// fails ends the load: no connection may be lost.
func (c *Conn) fails(err error) {
	c.cut()
	if c.loop.err == nil {
		c.loop.err = fmt.Errorf("connection %d: %w", c.who, err)
	}
}

// ready serves the socket.
func (l *Loop) ready(fd int) {
	c := l.conns[fd]
	if c == nil {
		return // just cut
	}
	if c.stage == connectingStage {
		if err := dialed(fd); err != nil {
			c.fails(err)
			return
		}
		c.stage, c.out = upgradingStage, l.hello
	}
	if len(c.out) > 0 {
		c.flush()
	}
	c.read()
}

// write sends data now, and later what the socket does not take.
func (c *Conn) write(data []byte) {
	if len(c.out) > 0 {
		c.out = append(bytes.Clone(c.out), data...)
		return
	}
	n, err := writeSocket(c.fd, data)
	if n = max(n, 0); n == len(data) {
		return
	}
	if err != nil && !errors.Is(err, errWouldBlock) {
		c.fails(fmt.Errorf("write: %w", err))
		return
	}
	c.out = bytes.Clone(data[n:])
	if err := c.loop.change(c.fd, pollInAndOut); err != nil {
		c.fails(err)
	}
}

func (c *Conn) flush() {
	n, err := writeSocket(c.fd, c.out)
	if err != nil && !errors.Is(err, errWouldBlock) {
		c.fails(fmt.Errorf("write: %w", err))
		return
	}
	if c.out = c.out[max(n, 0):]; len(c.out) == 0 {
		c.out = nil
		if err := c.loop.change(c.fd, pollIn); err != nil {
			c.fails(err)
		}
	}
}

// Say sends one JSON object.
func (c *Conn) Say(object string) {
	c.loop.scratch = appendFrame(c.loop.scratch[:0], opText, []byte(object))
	c.write(c.loop.scratch)
}

// read reads what is available and handles the frames in it.
func (c *Conn) read() {
	if c.stage == goneStage {
		return
	}
	buffer := c.loop.buffer
	had := copy(buffer, c.in)
	n, err := readSocket(c.fd, buffer[had:])
	switch {
	case errors.Is(err, errWouldBlock):
		return
	case err != nil:
		c.fails(fmt.Errorf("read: %w", err))
		return
	case n == 0:
		c.fails(errors.New("the server closed it without a close frame"))
		return
	}
	data := buffer[:had+n]
	if c.stage == upgradingStage {
		data = c.upgraded(data)
	}
	for c.stage == greetingStage || c.stage == greetedStage {
		op, payload, n, err := nextFrame(data)
		if err != nil {
			c.fails(err)
			return
		}
		if n == 0 {
			break
		}
		data = data[n:]
		c.frame(op, payload)
	}
	c.in = c.in[:0]
	if len(data) > 0 {
		c.in = append(c.in, data...)
	} else {
		c.in = nil
	}
}

// upgraded looks for the answer to the upgrade in data, and returns the rest.
func (c *Conn) upgraded(data []byte) []byte {
	head, rest, whole := bytes.Cut(data, []byte("\r\n\r\n"))
	if !whole {
		return data
	}
	line, _, _ := strings.Cut(string(head), "\r\n")
	if !strings.HasPrefix(line, "HTTP/1.1 101") {
		c.fails(fmt.Errorf("the upgrade got %s", line))
		return nil
	}
	c.stage = greetingStage
	switch {
	case c.old:
		c.Say(fmt.Sprintf(`{"type":"auth","apiKey":%q}`, c.loop.key))
	case c.sessionID == "":
		c.Say(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1}}`, c.loop.key))
	default:
		c.Say(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1,"sessionId":"%s","epoch":"%s"}}`, c.loop.key, c.sessionID, c.epoch))
	}
	return rest
}

func (c *Conn) frame(op byte, payload []byte) {
	switch op {
	case opPing:
		c.loop.scratch = appendFrame(c.loop.scratch[:0], opPong, payload)
		c.write(c.loop.scratch)
	case opClose:
		why := "without a code"
		if len(payload) >= 2 {
			why = fmt.Sprintf("%d %s", binary.BigEndian.Uint16(payload), payload[2:])
		}
		c.fails(fmt.Errorf("the server closed it: %s", why))
	case opText:
		m := &c.loop.message
		if err := m.scan(payload); err != nil {
			c.fails(err)
			return
		}
		c.message(m)
	}
}

func (c *Conn) message(m *Heard) {
	switch string(m.Kind) {
	case "auth_error", "error", "resume_failed":
		c.fails(fmt.Errorf("the server sent %s %s", m.Kind, m.code))
		return
	case "auth_success":
		if !c.old {
			return
		}
	case "session_id":
		c.sessionID, c.epoch = string(m.sessionID), string(m.epoch)
	case "resumed":
	default:
		if c.Hears != nil {
			c.Hears(c, m)
		}
		return
	}
	c.stage = greetedStage
	if c.greets != nil {
		c.greets(c)
	}
}
