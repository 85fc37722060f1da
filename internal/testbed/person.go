package testbed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/protocol"
)

// Person is one client in a test. Errors fail the test, with its name. Its methods belong to the test's goroutine.
type Person struct {
	*client.Client
	TB   testing.TB
	Site *Site
	Name string
	Old  bool
	said int // messages it has sent in this chat
	Got  int // … and received
}

var OldOptions = client.Options{Legacy: true}

// Join connects a new person and reads the answer to auth.
func (s *Site) Join(name string, o client.Options) *Person {
	s.TB.Helper()
	p := &Person{TB: s.TB, Site: s, Name: name, Old: o.Legacy}
	if o.APIKey == "" {
		o.APIKey = s.Key
	}
	if o.Legacy {
		o.Tap = func(frame []byte) { checkOldFrame(s.TB, name, frame) }
	}
	p.Dial(o)
	if m := p.Greet(); !p.Old && m.Type != "session_id" {
		p.TB.Fatalf("%s: a new session was answered with %s", name, client.Describe(&m))
	}
	return p
}

func (p *Person) Dial(o client.Options) {
	p.TB.Helper()
	o.TLS = p.Site.TLS
	ctx := Step(p.TB)
	c, err := client.Dial(ctx, p.Site.URL(), o)
	for err != nil && p.Site.Attacked && busy() && ctx.Err() == nil {
		p.TB.Logf("%s: %v; dialing again", p.Name, err)
		c, err = client.Dial(ctx, p.Site.URL(), o)
	}
	if err != nil {
		p.TB.Fatalf("%s: %v", p.Name, err)
	}
	p.TB.Cleanup(c.Drop)
	p.Client = c
}

func (p *Person) Greet() protocol.ServerMessage {
	p.TB.Helper()
	m, err := p.Client.Greet(Step(p.TB))
	p.Check(err)
	return m
}

func (p *Person) Check(err error) {
	p.TB.Helper()
	if err != nil {
		p.TB.Fatalf("%s: %v", p.Name, err)
	}
}

// Expect requires these messages next, and returns the last.
func (p *Person) Expect(types ...string) (m protocol.ServerMessage) {
	p.TB.Helper()
	for _, each := range types {
		var err error
		m, err = p.Client.Expect(Step(p.TB), strings.Split(each, "|")...)
		p.Check(err)
	}
	return m
}

// Await skips messages until one of types.
func (p *Person) Await(types ...string) protocol.ServerMessage {
	p.TB.Helper()
	m, err := p.Client.Await(Step(p.TB), types...)
	p.Check(err)
	return m
}

// Search enters the queue.
func (p *Person) Search() {
	p.TB.Helper()
	p.Check(p.Client.Search())
	p.Await("searching")
}

// Meet pairs two persons that are in no chat, while no other session waits.
func Meet(a, b *Person) {
	a.TB.Helper()
	a.Search()
	b.Search()
	a.Matched()
	b.Matched()
}

// Matched waits for a chat to begin.
func (p *Person) Matched() {
	p.TB.Helper()
	if m := p.Await("matched"); m.PartnerID == "" {
		p.TB.Fatalf("%s: matched without a partner ID", p.Name)
	}
	p.said, p.Got = 0, 0
}

// Say sends its next message in this chat, without waiting for anything.
func (p *Person) Say() {
	p.TB.Helper()
	p.said++
	_, err := p.Send(fmt.Sprintf("%s says %d", p.Name, p.said))
	p.Check(err)
}

// Takes counts a message as the next one of from in this chat: none missing, none duplicated, none from another sender.
func (p *Person) Takes(from *Person, m *protocol.ServerMessage) {
	p.TB.Helper()
	if want := fmt.Sprintf("%s says %d", from.Name, p.Got+1); m.Text != want || (!p.Old && m.From != p.State().Partner) {
		p.TB.Fatalf("%s, whose partner is %s, wants %q but got %s", p.Name, p.State().Partner, want, client.Describe(m))
	}
	p.Got++
}

// Hear receives everything that from has said.
func (p *Person) Hear(from *Person) {
	p.TB.Helper()
	for p.Got < from.said {
		m := p.Await("message", "gap", "error", "partner_disconnected", "matched")
		p.Takes(from, &m)
	}
}

// Talk checks that two persons are in one chat, in both directions.
func Talk(a, b *Person) {
	a.TB.Helper()
	a.Say()
	b.Say()
	b.Hear(a)
	a.Hear(b)
}

// Drain reads what arrived before the socket ended; messages are those of from. It returns how the socket ended.
func (p *Person) Drain(from *Person) *client.CloseError {
	p.TB.Helper()
	for {
		m, err := p.Recv(Step(p.TB))
		if end, ok := errors.AsType[*client.CloseError](err); ok {
			return end
		}
		p.Check(err)
		if m.Type == "message" && from != nil {
			p.Takes(from, &m)
		}
	}
}

// Leave ends the session with end_chat.
func (p *Person) Leave() {
	p.TB.Helper()
	p.Check(p.End())
	p.Await("chat_ended")
	if end := p.Drain(nil); end.Code != protocol.CloseChatEnded {
		p.TB.Errorf("%s: after end_chat: %v", p.Name, end)
	}
}

// oldFrames are the messages of the base protocol with their members.
var oldFrames = map[string][]string{
	"auth_success": nil, "auth_error": {"error"}, "searching": nil, "matched": {"partnerId"},
	"message": {"from", "imageUrl", "text"}, "typing_start": nil, "typing_stop": nil,
	"partner_disconnected": nil, "chat_ended": nil, "pong": nil,
}

// checkOldFrame checks that a legacy client receives no message or member that it does not know.
func checkOldFrame(tb testing.TB, name string, frame []byte) {
	var members map[string]any
	if err := json.Unmarshal(frame, &members); err != nil {
		tb.Errorf("%s: %v", name, err)
	}
	kind, _ := members["type"].(string)
	known, ok := oldFrames[kind]
	for member := range members {
		if member != "type" && !slices.Contains(known, member) {
			ok = false
		}
	}
	if !ok {
		tb.Errorf("%s, a legacy client, was sent %s", name, frame)
	}
}

// busy reports whether round trips take twice as long as on an idle machine. A handshake may then take longer than the
// grace period for a connection during an attack: the server treats the client as an attacker, and it dials again.
func busy() bool { return pace.Of(time.Second) > 2*time.Second }
