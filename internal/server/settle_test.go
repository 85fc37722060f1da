package server_test

import (
	"database/sql"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// What a legacy client writes before it knows that its chat is over reaches no one. Each test lets the settle timeout
// pass, after which such a client was once matched again, in whatever state it was.

// hurried sets a short settle timeout.
func hurried(_ *ws.Config, c *chat.Config) { c.SettleTimeout = settleSoon }

const settleSoon = 100 * time.Millisecond

// letPass waits for longer than the timeout; on a slow machine a bug may go unnoticed, and nothing fails.
func letPass(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(4 * settleSoon):
	case <-t.Context().Done():
	}
}

// stranger returns a resumable client that waits to be matched.
func stranger(t *testing.T, s *site) *person {
	t.Helper()
	c, _ := s.resumable(t, "the stranger")
	c.send(`{"type":"search"}`)
	c.expect("searching")
	return c
}

// meets checks that p and the stranger are matched, and that the first text the stranger receives is the one p sent to
// it.
func meets(p, stranger *person) {
	p.t.Helper()
	heard := make(chan error, 1)
	go func() { // it answers pings meanwhile
		_, err := stranger.hear("matched")
		heard <- err
	}()
	for kind := ""; kind != "matched"; {
		m, err := p.next()
		must(p.t, err)
		kind = m.Type
	}
	if err := <-heard; err != nil {
		p.t.Fatal(err)
	}
	p.send(text("for the stranger"))
	if m := stranger.expect("message"); m.Text != "for the stranger" {
		p.t.Errorf("the stranger received %.40q, which was meant for another client", m.Text)
	}
}

// A reads a photo slowly, and its partner leaves: until A has read it, its messages are for the partner.
func TestSettleOverASlowLink(t *testing.T) {
	s := openSite(t, hurried)
	a, b := s.pair(t)
	a.quiet()                                                            // the server has read its answer to the first ping
	b.send(image("data:image/png;base64," + strings.Repeat("A", 4<<20))) // more than the buffers of two sockets hold
	b.send(`{"type":"end_chat"}`)
	b.expect("chat_ended")
	stranger := stranger(t, s)
	letPass(t)
	a.send(text("for b"))
	stranger.quiet()
	a.expect("message")
	meets(a, stranger)
}

// The commit that ends a chat takes nearly as long as the timeout, and the network the rest.
func TestSettleBehindASlowCommit(t *testing.T) {
	s := openSite(t, hurried)
	a, b := s.pair(t)
	a.send(`{"type":"ping"}`)
	a.expect("pong")
	stranger := stranger(t, s)
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: s.db}).String())
	must(t, err)
	defer db.Close()
	shell, err := db.Conn(t.Context())
	must(t, err)
	_, err = shell.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)
	b.send(`{"type":"end_chat"}`)
	select {
	case <-time.After(settleSoon * 95 / 100):
	case <-t.Context().Done():
	}
	_, err = shell.ExecContext(t.Context(), "ROLLBACK")
	must(t, err)
	b.expect("chat_ended")
	letPass(t)
	a.send(text("for b"))
	stranger.quiet()
	meets(a, stranger)
}

// Messages sent after Next and before searching was read are for the previous partner.
func TestSettleAfterNext(t *testing.T) {
	s := openSite(t, hurried)
	stranger := stranger(t, s)
	a, b := pairBeside(t, s, stranger)
	a.quiet()
	a.send(`{"type":"search"}`)
	a.send(text("for b"))
	b.expect("partner_disconnected")
	letPass(t)
	a.send(text("for b too"))
	stranger.quiet()
	a.expect("searching")
	meets(a, stranger)
}

// pairBeside is pair while a stranger waits, which would be matched first.
func pairBeside(t *testing.T, s *site, stranger *person) (a, b *person) {
	t.Helper()
	x := s.old(t, "x")
	x.send(`{"type":"search"}`)
	x.expect("searching")
	matched(x, stranger)
	a, b = s.pair(t)
	x.send(`{"type":"end_chat"}`)
	x.expect("chat_ended")
	stranger.expect("partner_disconnected")
	return a, b
}

// unanswered makes p keep the pings that it receives, and answer none.
func unanswered(p *person) (pings func() []string) {
	var mu sync.Mutex
	var all []string
	p.ws.SetPingHandler(func(n string) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, n)
		return nil
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func pong(p *person, n string) {
	p.t.Helper()
	must(p.t, p.ws.WriteControl(websocket.PongMessage, []byte(n), time.Now().Add(pace.Of(patience))))
}

// awaitPing reads until count pings have arrived in total; a JSON ping makes the server send something behind them.
func awaitPing(p *person, pings func() []string, count int) string {
	p.t.Helper()
	for deadline := time.Now().Add(pace.Of(patience)); ; {
		if all := pings(); len(all) >= count {
			return all[count-1]
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: %d pings, want %d", p.name, len(pings()), count)
		}
		p.send(`{"type":"ping"}`)
		p.expect("pong")
	}
}

// OkHttp sends a pong before queued messages: a frame that comes with the pong means that more may follow.
func TestSettlePongBeforeQueuedText(t *testing.T) {
	s := openSite(t, hurried)
	a, b := s.pair(t)
	a.send(`{"type":"ping"}`) // by now it has answered the first ping
	a.expect("pong")
	pings := unanswered(a)
	b.send(`{"type":"end_chat"}`)
	b.expect("chat_ended")
	a.expect("partner_disconnected")
	stranger := stranger(t, s)
	first := awaitPing(a, pings, 1)
	a.send(text("for b, being sent as the ping came"))
	pong(a, first)
	a.send(text("for b, queued"))
	stranger.quiet()
	second := awaitPing(a, pings, 2)
	if second == first {
		t.Fatalf("ping %s twice", first)
	}
	stranger.quiet()
	// Each of its own JSON pings interrupted a round.
	a.ws.SetPingHandler(nil)
	pong(a, second)
	meets(a, stranger)
}

// OkHttp may send a pong first even if a message was queued while nothing was being written: they arrive together.
func TestSettlePongTogetherWithText(t *testing.T) {
	s := openSite(t, hurried)
	a, b := s.pair(t)
	a.send(`{"type":"ping"}`)
	a.expect("pong")
	a.ws.SetPingHandler(func(n string) error {
		a.ws.SetPingHandler(nil)
		_, err := a.ws.NetConn().Write(append(masked(websocket.PongMessage, n), masked(websocket.TextMessage, text("for b"))...))
		return err
	})
	b.send(`{"type":"end_chat"}`)
	b.expect("chat_ended")
	stranger := stranger(t, s)
	meets(a, stranger)
}

// masked returns a short, complete client frame, with a mask of zeros (RFC 6455, section 5.2).
func masked(opcode byte, payload string) []byte {
	return append([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// A client need answer only the newest ping (RFC 6455, section 5.5.3): a keepalive that overtook the answer settles too.
func TestSettleOnlyNewestPing(t *testing.T) {
	s := openSite(t, func(c *ws.Config, l *chat.Config) {
		c.PingInterval = 20 * time.Millisecond
		l.SettleTimeout = time.Hour
	})
	a, b := s.pair(t)
	pings := unanswered(a)
	b.send(`{"type":"end_chat"}`)
	b.expect("chat_ended")
	stranger := stranger(t, s)
	a.expect("partner_disconnected")
	// It keeps reading, and answers the third ping that it receives.
	var third sync.Once
	keep := a.ws.PingHandler()
	a.ws.SetPingHandler(func(n string) error {
		keep(n)
		if len(pings()) >= 3 {
			third.Do(func() { pong(a, n) })
		}
		return nil
	})
	matched(a, stranger)
}

// A pong to an earlier ping, which was in flight as the chat ended, settles nothing.
func TestSettleNotByAnEarlierPing(t *testing.T) {
	s := openSite(t, hurried)
	b, _ := s.resumable(t, "b")
	a := s.old(t, "a")
	b.send(`{"type":"search"}`)
	b.expect("searching")
	a.send(`{"type":"search"}`)
	a.expect("searching")
	matched(a, b)
	pings := unanswered(a)
	b.send(`{"type":"message","n":1,"text":"hello"}`) // a ping follows it, to confirm it
	a.expect("message")
	asked := awaitPing(a, pings, 1)
	a.ws.SetPingHandler(func(n string) error { // of the ping after the end of its chat
		a.ws.SetPingHandler(nil)
		pong(a, asked)
		letPass(t)
		a.send(text("for b"))
		pong(a, n)
		return nil
	})
	b.send(`{"type":"end_chat"}`)
	b.expect("chat_ended")
	stranger := stranger(t, s)
	meets(a, stranger)
}

// A client that has answered pings and leaves one unanswered for dead-after is closed, whatever else it sends: it could
// not be settled. One that has never answered may be behind a proxy that drops pings, and stays.
func TestUnansweredPingEndsASocketThatHasAnswered(t *testing.T) {
	s := openSite(t, func(c *ws.Config, _ *chat.Config) {
		c.PingInterval, c.DeadAfterLegacy = 20*time.Millisecond, pace.Of(500*time.Millisecond)
	})
	answers, never := s.dial(t, "answers"), s.dial(t, "never")
	unanswered(never)
	for _, p := range []*person{answers, never} {
		p.send(`{"type":"auth","apiKey":"` + webKey + `"}`)
		p.expect("auth_success")
	}
	pings := func() []string { return nil }
	for answered := false; !answered; { // the first one, and none of those after it
		answers.ws.SetPingHandler(func(n string) error {
			if answered = n != "0"; answered {
				pong(answers, n)
				pings = unanswered(answers)
			}
			return nil
		})
		answers.quiet()
	}
	ended := func(p *person) bool {
		if p.ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)) != nil {
			return true
		}
		_, err := p.next()
		return err != nil
	}
	for deadline := time.Now().Add(pace.Of(patience)); !ended(answers); {
		if time.Now().After(deadline) {
			t.Fatalf("still connected after %d pings without an answer", len(pings()))
		}
		if ended(never) {
			t.Fatal("a client that never answered a ping was closed")
		}
	}
	if ended(never) {
		t.Error("a client that never answered a ping was closed")
	}
}

// Numbers end at 2^32. A client that claims a larger one is closed, and its partner notices nothing.
func TestLiarWithLargeNumbersIsClosedAlone(t *testing.T) {
	for name, lie := range map[string]string{
		"ack":      `{"type":"ack","got":4294967297}`,
		"a number": `{"type":"message","n":4294967297,"text":"hello"}`,
		"beyond":   `{"type":"message","n":1e300,"text":"hello"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openSite(t)
			liar, _ := s.resumable(t, "liar")
			victim, _ := s.resumable(t, "victim")
			liar.send(`{"type":"search"}`)
			liar.expect("searching")
			victim.send(`{"type":"search"}`)
			victim.expect("searching")
			matched(liar, victim)
			victim.send(`{"type":"message","n":1,"text":"one"}`)
			liar.expect("message")
			liar.send(lie)
			liar.expectClose(4400, "Impossible claim")
			if m := victim.expect("partner_away"); m.UntilMs == 0 {
				t.Errorf("%+v", m)
			}
			victim.quiet()
		})
	}
}
