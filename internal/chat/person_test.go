package chat_test

import (
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// party is a rig with clients, for tests that tell a story. Everything is durable at once.
type party struct {
	*rig.Rig
	people []*person
}

// person is one client. A legacy client answers its pings only when the test says so, except the first one.
type person struct {
	p         *party
	conn      chat.ConnID
	hash      chat.Hash
	resumable bool
	partner   chat.Alias // the last alias it was told
	ping      uint64
	matched   bool
	heard     []string
}

func newParty(t *testing.T) *party {
	p := &party{Rig: rig.New(t)}
	p.Lively = true
	p.OnWire = func(c chat.ConnID, e chat.Event) {
		for _, one := range p.people {
			if one.conn != c {
				continue
			}
			switch e.Kind {
			case chat.Matched:
				one.partner, one.matched = e.Alias, true
			case chat.TypingStop:
				if !one.matched && !one.resumable {
					continue // left over from a previous connection
				}
			case chat.Ping, chat.Probe:
				one.ping = e.N
				continue
			case chat.AuthSuccess, chat.SessionID:
				continue
			}
			one.heard = append(one.heard, rig.Describe(e))
		}
	}
	return p
}

func (p *party) old() *person       { return p.join(false) }
func (p *party) resumable() *person { return p.join(true) }

func (p *party) join(resumable bool) *person {
	one := &person{p: p, conn: p.Conns + 1, resumable: resumable}
	p.people = append(p.people, one)
	one.hash = chat.Hash{byte(len(p.people))}
	p.Attach(resumable, one.hash, nil)
	p.Save()
	return one
}

// couple connects two clients and matches them.
func (p *party) couple(a, b *person) {
	p.TB.Helper()
	a.search()
	b.search()
	a.wants("searching", "matched "+string(a.partner))
	b.wants("searching", "matched "+string(b.partner))
}

func (one *person) do(c chat.Command) {
	one.p.TB.Helper()
	c.Conn = one.conn
	one.p.Step(c)
	one.p.Save()
}

func (one *person) search()      { one.do(chat.Command{Op: chat.Search}) }
func (one *person) say(s string) { one.do(chat.Command{Op: chat.Send, Text: s}) }
func (one *person) number(n uint64, s string) {
	one.do(chat.Command{Op: chat.Send, N: n, Text: s, Partner: one.partner})
}
func (one *person) ack(n uint64)   { one.do(chat.Command{Op: chat.Ack, Got: n, Partner: one.partner}) }
func (one *person) typing(on bool) { one.do(chat.Command{Op: chat.Typing, Start: on}) }
func (one *person) drop()          { one.do(chat.Command{Op: chat.Detach}) }
func (one *person) end()           { one.do(chat.Command{Op: chat.End}) }
func (one *person) pong()          { one.do(chat.Command{Op: chat.Pong, N: one.ping}) }

// settles answers its pings until it is settled, also if a frame from it has disturbed a round.
func (one *person) settles() {
	one.p.TB.Helper()
	one.pong()
	one.wait(250 * time.Millisecond)
	one.pong()
}

func (one *person) wait(d time.Duration) {
	one.p.Advance(d)
	one.p.Save()
}

// resume reconnects on a new socket, naming the latest chat.
func (one *person) resume(got, acked uint64) {
	one.conn = one.p.Conns + 1
	one.p.Attach(true, chat.Hash{0xee, byte(one.conn)}, &chat.Resume{
		Hash: one.hash, Epoch: "e1", Partner: one.partner, Got: got, Acked: acked,
	})
	one.p.Save()
}

// wants checks exactly what a client has received since the last call.
func (one *person) wants(lines ...string) {
	one.p.TB.Helper()
	got, want := strings.Join(one.heard, "\n"), strings.Join(lines, "\n")
	if got != want {
		one.p.TB.Fatalf("heard:\n%s\nwant:\n%s", got, want)
	}
	one.heard = nil
}

// record returns the row of a session in memory.
func (one *person) record() chat.Record {
	for _, r := range one.p.Lobby.Records() {
		if r.Hash == one.hash {
			return r
		}
	}
	return chat.Record{}
}

func (one *person) is(s chat.State) {
	one.p.TB.Helper()
	if r := one.record(); r.State() != s {
		one.p.TB.Fatalf("state %s, want %s", r.State(), s)
	}
}
