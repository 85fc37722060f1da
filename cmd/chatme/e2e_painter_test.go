package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/pace"
	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// painter is one client that sends a picture and gets one. It writes as a browser does: what it says waits behind what it
// has said before, pongs too, for as long as that takes.
type painter struct {
	tb      testing.TB
	ws      *websocket.Conn
	out     chan string // frames; sent by whoever says something; closed by leaves
	name    string
	old     bool
	partner string
	session protocol.ServerMessage // the session_id
	wants   string                 // the letter that the picture of its partner is made of
	failed  func()                 // unless nil, called once look has given up; the others need not wait then
	arrived chan struct{}          // closed once its own has arrived
	refused chan struct{}          // buffer 1; its own is to be sent again
	looked  chan struct{}          // closed once look has returned

	answered chan struct{} // closed once its own is in custody, or was refused
	once     sync.Once     // closes that
}

// pictureTimeout bounds the way of a picture among others, on an idle machine; it takes a tenth of it.
const pictureTimeout = time.Minute

func (s *site) newPainter(tb testing.TB, name string, old bool) *painter {
	tb.Helper()
	p := s.openPainter(tb, name, old)
	auth := `{"type":"auth","apiKey":"` + s.key + `"`
	if !old {
		auth += `,"resume":{"v":1}`
	}
	p.say(auth + `}`)
	p.hear("auth_success")
	if !old {
		p.session = p.hear("session_id")
	}
	return p
}

// comesBack returns b on another socket.
func (s *site) comesBack(b *painter) *painter {
	p := s.openPainter(b.tb, b.name+" again", false)
	p.partner, p.wants = b.partner, b.wants
	p.say(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1,"sessionId":%q,"epoch":%q,"partnerId":%q}}`,
		s.key, b.session.SessionID, b.session.Epoch, b.partner))
	p.hear("resumed")
	return p
}

func (s *site) openPainter(tb testing.TB, name string, old bool) *painter {
	tb.Helper()
	ws, _, err := websocket.DefaultDialer.DialContext(step(tb), s.url(), nil)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	tb.Cleanup(func() { ws.Close() })
	p := &painter{tb: tb, ws: ws, name: name, old: old,
		out:     make(chan string, 1000), // more than it ever says
		arrived: make(chan struct{}), refused: make(chan struct{}, 1), looked: make(chan struct{}), answered: make(chan struct{}),
	}
	ws.SetPingHandler(func(data string) error { p.out <- frameOf(0x8a, data); return nil })
	go p.write()
	return p
}

// frameOf is one frame (RFC 6455, section 5.2), masked with zeros.
func frameOf(first byte, payload string) string {
	head := []byte{first, 0x80}
	switch n := len(payload); {
	case n < 126:
		head[1] |= byte(n)
	case n < 1<<16:
		head[1] |= 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] |= 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	return string(append(head, 0, 0, 0, 0)) + payload
}

func (p *painter) write() {
	for frame := range p.out {
		if _, err := io.WriteString(p.ws.NetConn(), frame); err != nil {
			return // its reader says why
		}
	}
}

// leaves ends it, once nothing is read any more.
func (p *painter) leaves() {
	close(p.out)
	p.ws.Close()
}

func (p *painter) say(text string) { p.out <- frameOf(0x81, text) }

// sayInFragments says it as Chromium does.
func (p *painter) sayInFragments(text string) {
	const fragment = 128 << 10
	first := byte(1)
	for ; len(text) > fragment; text = text[fragment:] {
		p.out <- frameOf(first, text[:fragment])
		first = 0
	}
	p.out <- frameOf(0x80|first, text)
}

// hear skips messages until one of this type.
func (p *painter) hear(kind string) (m protocol.ServerMessage) {
	p.tb.Helper()
	p.ws.SetReadDeadline(time.Now().Add(pace.Of(stepTimeout)))
	for m.Type != kind {
		m = protocol.ServerMessage{}
		if err := p.ws.ReadJSON(&m); err != nil {
			p.tb.Fatalf("%s: %v, want %s", p.name, err, kind)
		}
	}
	return m
}

// meets makes the two a pair, while nobody else waits.
func (p *painter) meets(other *painter) {
	p.tb.Helper()
	p.say(`{"type":"search"}`)
	p.hear("searching")
	other.say(`{"type":"search"}`)
	p.partner = p.hear("matched").PartnerID
	other.partner = other.hear("matched").PartnerID
}

// paint sends a picture, in one frame or in fragments, until it has arrived or look has given up.
func (p *painter) paint(picture string, fragments bool) {
	message := `{"type":"message","imageUrl":"` + picture + `"}`
	if !p.old {
		message = `{"type":"message","partnerId":"` + p.partner + `","n":1,"imageUrl":"` + picture + `"}`
	}
	for {
		if fragments {
			p.sayInFragments(message)
		} else {
			p.say(message)
		}
		if p.old {
			return
		}
		select {
		case <-p.arrived:
			return
		case <-p.looked:
			return
		case <-p.refused:
			<-time.After(time.Second) // as the protocol says: never at once
		}
	}
}

// What look waits for.
const (
	getsPicture  = 1 << iota // that of the partner
	pictureTaken             // its own has arrived; of a legacy client that is not told
)

// look returns once all of these have come.
func (p *painter) look(what int) {
	defer close(p.looked)
	var frame bytes.Buffer
	p.ws.SetReadDeadline(time.Now().Add(pace.Of(pictureTimeout)))
	for got, told := what&getsPicture == 0, p.old || what == getsPicture; !got || !told; {
		frame.Reset()
		_, r, err := p.ws.NextReader()
		if err == nil {
			_, err = io.Copy(&frame, r)
		}
		if err != nil {
			p.tb.Errorf("%s: %v; its partner's picture has come: %v, and its own: %v", p.name, err, got, told)
			if p.failed != nil {
				p.failed()
			}
			return
		}
		if frame.Len() > pictureBytes {
			if n := bytes.Count(frame.Bytes(), []byte(p.wants)); n < pictureBytes {
				p.tb.Errorf("%s: of the picture %d bytes have come", p.name, n)
			}
			if got = true; !p.old {
				p.say(fmt.Sprintf(`{"type":"ack","partnerId":%q,"got":1}`, p.partner))
			}
			continue
		}
		var m protocol.ServerMessage
		if err := json.Unmarshal(frame.Bytes(), &m); err != nil {
			p.tb.Errorf("%s: %v", p.name, err)
		}
		if m.Type == "ack" && m.Recv == 1 || m.Type == "error" {
			p.once.Do(func() { close(p.answered) })
		}
		switch {
		case m.Type == "ack" && m.Delivered == 1:
			told = true
			close(p.arrived)
		case m.Type == "error" && strings.Contains("unavailable mailbox_full", m.Code):
			p.refused <- struct{}{}
		case m.Type != "ack" && m.Type != "typing_stop" && m.Type != "partner_back":
			p.tb.Errorf("%s heard %+v", p.name, m)
		}
	}
}
