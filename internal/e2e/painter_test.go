package e2e

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
	"chatme/internal/testbed"

	"github.com/gorilla/websocket"
)

// painter is one client that sends and receives a picture. It writes as a browser does: each frame, including a pong,
// waits behind the frames before it, for as long as they take.
type painter struct {
	tb      testing.TB
	ws      *websocket.Conn
	talking sync.Mutex  // held while one message is put into out
	out     chan string // frames; any goroutine may send; closed by leaves
	name    string
	old     bool
	partner string
	session protocol.ServerMessage // the session_id
	wants   string                 // the letter that its partner's picture is made of
	failed  func()                 // nil, or called once look has failed, so that the others stop waiting
	arrived chan struct{}          // closed once its own picture has arrived
	refused chan struct{}          // buffer 1; its own picture must be sent again
	looked  chan struct{}          // closed once look has returned

	answered chan struct{} // closed once its own picture is in custody, or was refused
	once     sync.Once     // closes that
}

// pictureTimeout limits the transfer of a picture among others; an idle machine takes a tenth of it.
const pictureTimeout = time.Minute

func newPainter(s *testbed.Site, tb testing.TB, name string, old bool) *painter {
	tb.Helper()
	p := openPainter(s, tb, name, old)
	auth := `{"type":"auth","apiKey":"` + s.Key + `"`
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

// comesBack resumes b on another socket.
func comesBack(s *testbed.Site, b *painter) *painter {
	p := openPainter(s, b.tb, b.name+" again", false)
	p.partner, p.wants = b.partner, b.wants
	p.say(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1,"sessionId":%q,"epoch":%q,"partnerId":%q}}`,
		s.Key, b.session.SessionID, b.session.Epoch, b.partner))
	p.hear("resumed")
	return p
}

func openPainter(s *testbed.Site, tb testing.TB, name string, old bool) *painter {
	tb.Helper()
	ws, _, err := websocket.DefaultDialer.DialContext(testbed.Step(tb), s.URL(), nil)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	tb.Cleanup(func() { ws.Close() })
	p := &painter{tb: tb, ws: ws, name: name, old: old,
		out:     make(chan string, 1000), // more than it ever sends
		arrived: make(chan struct{}), refused: make(chan struct{}, 1), looked: make(chan struct{}), answered: make(chan struct{}),
	}
	ws.SetPingHandler(func(data string) error { p.out <- frameOf(0x8a, data); return nil })
	go p.write()
	return p
}

// frameOf returns one frame (RFC 6455, section 5.2), masked with zeros.
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
			return // its reader reports why
		}
	}
}

// leaves closes it, once nothing is read any more.
func (p *painter) leaves() {
	close(p.out)
	p.ws.Close()
}

func (p *painter) say(text string) {
	p.talking.Lock()
	defer p.talking.Unlock()
	p.out <- frameOf(0x81, text)
}

// sayInFragments sends text in fragments, as Chromium does.
func (p *painter) sayInFragments(text string) {
	const fragment = 128 << 10
	p.talking.Lock() // until the last fragment only a control frame may come between
	defer p.talking.Unlock()
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
	p.ws.SetReadDeadline(time.Now().Add(pace.Of(testbed.StepTimeout)))
	for m.Type != kind {
		m = protocol.ServerMessage{}
		if err := p.ws.ReadJSON(&m); err != nil {
			p.tb.Fatalf("%s: %v, want %s", p.name, err, kind)
		}
	}
	return m
}

// meets pairs the two, while no other session waits.
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
			<-time.After(time.Second) // the protocol forbids an immediate retry
		}
	}
}

// Bits for look: what it waits for.
const (
	getsPicture  = 1 << iota // its partner's picture has arrived
	pictureTaken             // its own picture has arrived; a legacy client is not told
)

// look returns once all of what has happened.
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
			p.tb.Errorf("%s: %v; its partner's picture arrived: %v, its own: %v", p.name, err, got, told)
			if p.failed != nil {
				p.failed()
			}
			return
		}
		if frame.Len() > pictureBytes {
			if n := bytes.Count(frame.Bytes(), []byte(p.wants)); n < pictureBytes {
				p.tb.Errorf("%s: %d bytes of the picture arrived", p.name, n)
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
			p.tb.Errorf("%s received %+v", p.name, m)
		}
	}
}

// Known defect of this test: an ack between two fragments of a picture, which the server closed with 1002.
func TestPainterFragmentsStayTogether(t *testing.T) {
	p := &painter{out: make(chan string)}
	var both sync.WaitGroup
	both.Go(func() { p.sayInFragments(strings.Repeat("a", 20<<20)) })
	within, said := false, false
	for frame := range p.out {
		isFirst, isLast := frame[0]&0xf != 0, frame[0]&0x80 != 0
		if isFirst == within {
			t.Error("another message between two fragments")
		}
		within = !isLast
		if !said {
			said = true
			both.Go(func() { p.say("an ack") })
			go func() {
				both.Wait()
				close(p.out)
			}()
		}
	}
}
