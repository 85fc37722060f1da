package ws_test

import (
	"database/sql"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/testcard"
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
func stranger(t *testing.T, s *sockets.Site) *sockets.Person {
	t.Helper()
	c, _ := s.Resumable(t, "the stranger")
	c.Send(`{"type":"search"}`)
	c.Expect("searching")
	return c
}

// meets checks that p and the stranger are matched, and that the first text the stranger receives is the one p sent to
// it.
func meets(p, stranger *sockets.Person) {
	p.T.Helper()
	heard := make(chan error, 1)
	go func() { // it answers pings meanwhile
		_, err := stranger.Hear("matched")
		heard <- err
	}()
	for kind := ""; kind != "matched"; {
		m, err := p.Next()
		testbed.Must(p.T, err)
		kind = m.Type
	}
	if err := <-heard; err != nil {
		p.T.Fatal(err)
	}
	p.Send(sockets.Text("for the stranger"))
	if m := stranger.Expect("message"); m.Text != "for the stranger" {
		p.T.Errorf("the stranger received %.40q, which was meant for another client", m.Text)
	}
}

// A reads a photo slowly, and its partner leaves: until A has read it, its messages are for the partner.
func TestSettleOverASlowLink(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, hurried)
	a, b := s.Pair(t)
	a.Quiet()                                                       // the server has read its answer to the first ping
	b.Send(sockets.Image(testcard.URI(strings.Repeat("A", 4<<20)))) // more than the buffers of two sockets hold
	b.Send(`{"type":"end_chat"}`)
	b.Expect("chat_ended")
	stranger := stranger(t, s)
	letPass(t)
	a.Send(sockets.Text("for b"))
	stranger.Quiet()
	a.Expect("message")
	meets(a, stranger)
}

// The commit that ends a chat takes nearly as long as the timeout, and the network the rest.
func TestSettleBehindASlowCommit(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, hurried)
	a, b := s.Pair(t)
	a.Send(`{"type":"ping"}`)
	a.Expect("pong")
	stranger := stranger(t, s)
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: s.DB}).String())
	testbed.Must(t, err)
	defer db.Close()
	shell, err := db.Conn(t.Context())
	testbed.Must(t, err)
	_, err = shell.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	testbed.Must(t, err)
	b.Send(`{"type":"end_chat"}`)
	select {
	case <-time.After(settleSoon * 95 / 100):
	case <-t.Context().Done():
	}
	_, err = shell.ExecContext(t.Context(), "ROLLBACK")
	testbed.Must(t, err)
	b.Expect("chat_ended")
	letPass(t)
	a.Send(sockets.Text("for b"))
	stranger.Quiet()
	meets(a, stranger)
}

// Messages sent after Next and before searching was read are for the previous partner.
func TestSettleAfterNext(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, hurried)
	stranger := stranger(t, s)
	a, b := pairBeside(t, s, stranger)
	a.Quiet()
	a.Send(`{"type":"search"}`)
	a.Send(sockets.Text("for b"))
	b.Expect("partner_disconnected")
	letPass(t)
	a.Send(sockets.Text("for b too"))
	stranger.Quiet()
	a.Expect("searching")
	meets(a, stranger)
}

// pairBeside is pair while a stranger waits, which would be matched first.
func pairBeside(t *testing.T, s *sockets.Site, stranger *sockets.Person) (a, b *sockets.Person) {
	t.Helper()
	x := s.Legacy(t, "x")
	x.Send(`{"type":"search"}`)
	x.Expect("searching")
	sockets.Matched(x, stranger)
	a, b = s.Pair(t)
	x.Send(`{"type":"end_chat"}`)
	x.Expect("chat_ended")
	stranger.Expect("partner_disconnected")
	return a, b
}

// unanswered makes p keep the pings that it receives, and answer none.
func unanswered(p *sockets.Person) (pings func() []string) {
	var mu sync.Mutex
	var all []string
	p.Socket.SetPingHandler(func(n string) error {
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

func pong(p *sockets.Person, n string) {
	p.T.Helper()
	testbed.Must(p.T, p.Socket.WriteControl(websocket.PongMessage, []byte(n), time.Now().Add(pace.Of(sockets.Patience))))
}

// awaitPing reads until count pings have arrived in total; a JSON ping makes the server send something behind them.
func awaitPing(p *sockets.Person, pings func() []string, count int) string {
	p.T.Helper()
	for deadline := time.Now().Add(pace.Of(sockets.Patience)); ; {
		if all := pings(); len(all) >= count {
			return all[count-1]
		}
		if time.Now().After(deadline) {
			p.T.Fatalf("%s: %d pings, want %d", p.Name, len(pings()), count)
		}
		p.Send(`{"type":"ping"}`)
		p.Expect("pong")
	}
}

// OkHttp sends a pong before queued messages: a frame that comes with the pong means that more may follow.
func TestSettlePongBeforeQueuedText(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, hurried)
	a, b := s.Pair(t)
	a.Send(`{"type":"ping"}`) // by now it has answered the first ping
	a.Expect("pong")
	pings := unanswered(a)
	b.Send(`{"type":"end_chat"}`)
	b.Expect("chat_ended")
	a.Expect("partner_disconnected")
	stranger := stranger(t, s)
	first := awaitPing(a, pings, 1)
	a.Send(sockets.Text("for b, being sent as the ping came"))
	pong(a, first)
	a.Send(sockets.Text("for b, queued"))
	stranger.Quiet()
	second := awaitPing(a, pings, 2)
	if second == first {
		t.Fatalf("ping %s twice", first)
	}
	stranger.Quiet()
	// Each of its own JSON pings interrupted a round.
	a.Socket.SetPingHandler(nil)
	pong(a, second)
	meets(a, stranger)
}

// OkHttp may send a pong first even if a message was queued while nothing was being written: they arrive together.
func TestSettlePongTogetherWithText(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, hurried)
	a, b := s.Pair(t)
	a.Send(`{"type":"ping"}`)
	a.Expect("pong")
	a.Socket.SetPingHandler(func(n string) error {
		a.Socket.SetPingHandler(nil)
		_, err := a.Socket.NetConn().Write(append(masked(websocket.PongMessage, n), masked(websocket.TextMessage, sockets.Text("for b"))...))
		return err
	})
	b.Send(`{"type":"end_chat"}`)
	b.Expect("chat_ended")
	stranger := stranger(t, s)
	meets(a, stranger)
}

// masked returns a short, complete client frame, with a mask of zeros (RFC 6455, section 5.2).
func masked(opcode byte, payload string) []byte {
	return append([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// A client need answer only the newest ping (RFC 6455, section 5.5.3): a keepalive that overtook the answer settles too.
func TestSettleOnlyNewestPing(t *testing.T) {
	s := sockets.Open(t, func(c *ws.Config, l *chat.Config) {
		c.PingInterval = 20 * time.Millisecond
		l.SettleTimeout = time.Hour
	})
	a, b := s.Pair(t)
	pings := unanswered(a)
	b.Send(`{"type":"end_chat"}`)
	b.Expect("chat_ended")
	stranger := stranger(t, s)
	a.Expect("partner_disconnected")
	// It keeps reading, and answers the third ping that it receives.
	var third sync.Once
	keep := a.Socket.PingHandler()
	a.Socket.SetPingHandler(func(n string) error {
		keep(n)
		if len(pings()) >= 3 {
			third.Do(func() { pong(a, n) })
		}
		return nil
	})
	sockets.Matched(a, stranger)
}

// A pong to an earlier ping, which was in flight as the chat ended, settles nothing.
func TestSettleNotByAnEarlierPing(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, hurried)
	b, _ := s.Resumable(t, "b")
	a := s.Legacy(t, "a")
	b.Send(`{"type":"search"}`)
	b.Expect("searching")
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	sockets.Matched(a, b)
	pings := unanswered(a)
	b.Send(`{"type":"message","n":1,"text":"hello"}`) // a ping follows it, to confirm it
	a.Expect("message")
	asked := awaitPing(a, pings, 1)
	a.Socket.SetPingHandler(func(n string) error { // of the ping after the end of its chat
		a.Socket.SetPingHandler(nil)
		pong(a, asked)
		letPass(t)
		a.Send(sockets.Text("for b"))
		pong(a, n)
		return nil
	})
	b.Send(`{"type":"end_chat"}`)
	b.Expect("chat_ended")
	stranger := stranger(t, s)
	meets(a, stranger)
}

// A client that has answered pings and leaves one unanswered for dead-after is closed, whatever else it sends: it could
// not be settled. One that has never answered may be behind a proxy that drops pings, and stays.
func TestUnansweredPingEndsASocketThatHasAnswered(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, func(c *ws.Config, _ *chat.Config) {
		c.PingInterval, c.DeadAfterLegacy = 20*time.Millisecond, pace.Of(500*time.Millisecond)
	})
	answers, never := s.Dial(t, "answers"), s.Dial(t, "never")
	unanswered(never)
	for _, p := range []*sockets.Person{answers, never} {
		p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
		p.Expect("auth_success")
	}
	pings := func() []string { return nil }
	for answered := false; !answered; { // the first one, and none of those after it
		answers.Socket.SetPingHandler(func(n string) error {
			if answered = n != "0"; answered {
				pong(answers, n)
				pings = unanswered(answers)
			}
			return nil
		})
		answers.Quiet()
	}
	ended := func(p *sockets.Person) bool {
		if p.Socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)) != nil {
			return true
		}
		_, err := p.Next()
		return err != nil
	}
	for deadline := time.Now().Add(pace.Of(sockets.Patience)); !ended(answers); {
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
			s := sockets.Open(t)
			liar, _ := s.Resumable(t, "liar")
			victim, _ := s.Resumable(t, "victim")
			liar.Send(`{"type":"search"}`)
			liar.Expect("searching")
			victim.Send(`{"type":"search"}`)
			victim.Expect("searching")
			sockets.Matched(liar, victim)
			victim.Send(`{"type":"message","n":1,"text":"one"}`)
			liar.Expect("message")
			liar.Send(lie)
			liar.ExpectClose(4400, "Impossible claim")
			if m := victim.Expect("partner_away"); m.UntilMs == 0 {
				t.Errorf("%+v", m)
			}
			victim.Quiet()
		})
	}
}
