package main

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

// person is one client in a test: what goes wrong fails the test, with the name. Its methods belong to the test's
// goroutine.
type person struct {
	*client.Client
	tb   testing.TB
	site *site
	name string
	old  bool
	said int // messages it has sent in this chat
	got  int // … and received
}

var oldOptions = client.Options{Old: true}

// join connects a new person and takes the answer to auth.
func (s *site) join(name string, o client.Options) *person {
	s.tb.Helper()
	p := &person{tb: s.tb, site: s, name: name, old: o.Old}
	if o.APIKey == "" {
		o.APIKey = s.key
	}
	if o.Old {
		o.Tap = func(frame []byte) { checkOldFrame(s.tb, name, frame) }
	}
	p.dial(o)
	if m := p.greet(); !p.old && m.Type != "session_id" {
		p.tb.Fatalf("%s: a new session gets %s", name, client.Describe(&m))
	}
	return p
}

func (p *person) dial(o client.Options) {
	p.tb.Helper()
	o.TLS = p.site.tls
	ctx := step(p.tb)
	c, err := client.Dial(ctx, p.site.url(), o)
	for err != nil && p.site.attacked && busy() && ctx.Err() == nil {
		p.tb.Logf("%s: %v; dials again", p.name, err)
		c, err = client.Dial(ctx, p.site.url(), o)
	}
	if err != nil {
		p.tb.Fatalf("%s: %v", p.name, err)
	}
	p.tb.Cleanup(c.Drop)
	p.Client = c
}

func (p *person) greet() protocol.ServerMessage {
	p.tb.Helper()
	m, err := p.Greet(step(p.tb))
	p.check(err)
	return m
}

func (p *person) check(err error) {
	p.tb.Helper()
	if err != nil {
		p.tb.Fatalf("%s: %v", p.name, err)
	}
}

// expect wants these messages next, and returns the last.
func (p *person) expect(types ...string) (m protocol.ServerMessage) {
	p.tb.Helper()
	for _, each := range types {
		var err error
		m, err = p.Expect(step(p.tb), strings.Split(each, "|")...)
		p.check(err)
	}
	return m
}

// await skips messages until one of types.
func (p *person) await(types ...string) protocol.ServerMessage {
	p.tb.Helper()
	m, err := p.Await(step(p.tb), types...)
	p.check(err)
	return m
}

// search enters the queue.
func (p *person) search() {
	p.tb.Helper()
	p.check(p.Search())
	p.await("searching")
}

// meet makes two who are in no chat, while nobody else waits, a pair.
func meet(a, b *person) {
	a.tb.Helper()
	a.search()
	b.search()
	a.matched()
	b.matched()
}

// matched waits for a chat to begin.
func (p *person) matched() {
	p.tb.Helper()
	if m := p.await("matched"); m.PartnerID == "" {
		p.tb.Fatalf("%s: matched with nobody", p.name)
	}
	p.said, p.got = 0, 0
}

// say sends the next message of its own in this chat, without waiting for anything.
func (p *person) say() {
	p.tb.Helper()
	p.said++
	_, err := p.Send(fmt.Sprintf("%s says %d", p.name, p.said))
	p.check(err)
}

// takes counts a message as the next of from in this chat: none missing, none twice, none of anybody else.
func (p *person) takes(from *person, m *protocol.ServerMessage) {
	p.tb.Helper()
	if want := fmt.Sprintf("%s says %d", from.name, p.got+1); m.Text != want || (!p.old && m.From != p.State().Partner) {
		p.tb.Fatalf("%s, who knows its partner as %s, wants %q and got %s", p.name, p.State().Partner, want, client.Describe(m))
	}
	p.got++
}

// hear takes all that from has said.
func (p *person) hear(from *person) {
	p.tb.Helper()
	for p.got < from.said {
		m := p.await("message", "gap", "error", "partner_disconnected", "matched")
		p.takes(from, &m)
	}
}

// talk shows that two are in one chat, in both directions.
func talk(a, b *person) {
	a.tb.Helper()
	a.say()
	b.say()
	b.hear(a)
	a.hear(b)
}

// drain takes what came before the socket ended; messages are those of from. It returns how it ended.
func (p *person) drain(from *person) *client.CloseError {
	p.tb.Helper()
	for {
		m, err := p.Recv(step(p.tb))
		if end, ok := errors.AsType[*client.CloseError](err); ok {
			return end
		}
		p.check(err)
		if m.Type == "message" && from != nil {
			p.takes(from, &m)
		}
	}
}

// leave ends the session in order.
func (p *person) leave() {
	p.tb.Helper()
	p.check(p.End())
	p.await("chat_ended")
	if end := p.drain(nil); end.Code != protocol.CloseChatEnded {
		p.tb.Errorf("%s: end_chat is followed by %v", p.name, end)
	}
}

// oldFrames are the messages of the base protocol with their members.
var oldFrames = map[string][]string{
	"auth_success": nil, "auth_error": {"error"}, "searching": nil, "matched": {"partnerId"},
	"message": {"from", "imageUrl", "text"}, "typing_start": nil, "typing_stop": nil,
	"partner_disconnected": nil, "chat_ended": nil, "pong": nil,
}

// checkOldFrame: an old client never sees a message or a member that it does not know.
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
		tb.Errorf("%s, an old client, was sent %s", name, frame)
	}
}

// busy reports whether round trips take twice as long as on an idle machine. A handshake may then take longer than the grace
// that a connection has among attackers: its client is taken for one of them, and dials again.
func busy() bool { return pace.Of(time.Second) > 2*time.Second }
