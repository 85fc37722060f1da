// Package lobby pairs strangers in memory. The peers share it; the comparison is about how they hold sockets and move
// messages.
package lobby

import (
	"encoding/json"
	"sync"

	"github.com/google/uuid"
)

// Message is any message of the base protocol, in either direction.
type Message struct {
	Type      string `json:"type"`
	APIKey    string `json:"apiKey,omitempty"`
	PartnerID string `json:"partnerId,omitempty"`
	Text      string `json:"text,omitempty"`
	ImageURL  string `json:"imageUrl,omitempty"`
	From      string `json:"from,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Sender takes messages for one socket and keeps their order. It is safe for concurrent use.
type Sender interface {
	Send(data []byte)
	End(code int, reason string)
}

// Lobby holds all connected clients.
type Lobby struct {
	key string

	mu    sync.Mutex
	queue []*Person // those that have left meanwhile are skipped
}

// Person is one socket. The lobby's mutex guards its fields, except authed, which belongs to the reader.
type Person struct {
	lobby   *Lobby
	sender  Sender
	authed  bool
	waiting bool
	partner *Person
	alias   string // the name by which the partner knows this client
}

// New returns an empty lobby that accepts clients with this key.
func New(key string) *Lobby { return &Lobby{key: key} }

// Join returns a Person for an open socket.
func (l *Lobby) Join(s Sender) *Person { return &Person{lobby: l, sender: s} }

// Handle handles one frame from p.
func (p *Person) Handle(data []byte) {
	var m Message
	if json.Unmarshal(data, &m) != nil {
		return
	}
	if m.Type == "auth" {
		p.auth(m.APIKey)
		return
	}
	if !p.authed {
		p.tell(Message{Type: "auth_error", Error: "Not authenticated"})
		p.sender.End(4001, "Not authenticated")
		return
	}
	switch m.Type {
	case "search":
		p.lobby.search(p)
	case "message":
		p.say(Message{Type: "message", Text: m.Text, ImageURL: m.ImageURL})
	case "typing_start", "typing_stop":
		p.say(Message{Type: m.Type})
	case "end_chat":
		p.Leave()
		p.tell(Message{Type: "chat_ended"})
		p.sender.End(1000, "Chat ended")
	case "ping":
		p.tell(Message{Type: "pong"})
	}
}

func (p *Person) tell(m Message) {
	data, err := json.Marshal(m)
	if err == nil {
		p.sender.Send(data)
	}
}

func (p *Person) auth(key string) {
	if key != p.lobby.key {
		p.tell(Message{Type: "auth_error", Error: "Invalid API key"})
		p.sender.End(4001, "Authentication failed")
		return
	}
	p.authed = true
	p.tell(Message{Type: "auth_success"})
}

// say passes m to the partner.
func (p *Person) say(m Message) {
	p.lobby.mu.Lock()
	partner := p.partner
	if m.Type == "message" {
		m.From = p.alias
	}
	p.lobby.mu.Unlock()
	if partner != nil {
		partner.tell(m)
	}
}

// Leave removes p: its socket or its session has ended.
func (p *Person) Leave() {
	l := p.lobby
	l.mu.Lock()
	defer l.mu.Unlock()
	p.waiting = false
	l.part(p)
	l.match()
}

func (l *Lobby) search(p *Person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part(p)
	l.enqueue(p)
	p.tell(Message{Type: "searching"})
	l.match()
}

// part ends the chat of p, whose partner is queued again.
func (l *Lobby) part(p *Person) {
	if other := p.partner; other != nil {
		p.partner, other.partner = nil, nil
		l.enqueue(other)
		other.tell(Message{Type: "partner_disconnected"})
	}
}

func (l *Lobby) enqueue(p *Person) {
	if !p.waiting {
		p.waiting = true
		l.queue = append(l.queue, p)
	}
}

// match pairs the first two until fewer are left.
func (l *Lobby) match() {
	for {
		a := l.next()
		b := l.next()
		if b == nil {
			if a != nil {
				l.queue = append([]*Person{a}, l.queue...)
			}
			return
		}
		a.waiting, b.waiting = false, false
		a.partner, b.partner = b, a
		a.alias, b.alias = uuid.NewString(), uuid.NewString()
		a.tell(Message{Type: "matched", PartnerID: b.alias})
		b.tell(Message{Type: "matched", PartnerID: a.alias})
	}
}

// next removes and returns the first waiting client, nil if there is none.
func (l *Lobby) next() *Person {
	for len(l.queue) > 0 {
		p := l.queue[0]
		l.queue = l.queue[1:]
		if p.waiting {
			return p
		}
	}
	return nil
}
