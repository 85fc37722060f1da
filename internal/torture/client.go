package torture

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"chatme/internal/client"
	"chatme/internal/link"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/torture/checker"
)

const (
	// retryAfter is how long to wait before resuming from a refused number.
	retryAfter = 2 * time.Second

	mostCopies = 32 // of messages not in custody; beyond that a client waits before it says more

	backOffFirst = 50 * time.Millisecond
	backOffMost  = time.Second
)

// chatter is one client. It acts as a user with a good client library does. All its fields belong to its goroutine.
type chatter struct {
	t      *torture
	who    int
	old    bool
	chance *rand.Rand
	opts   client.Options // for the next connection
	url    string
	lag    time.Duration // how much later it may read or be read
	link   *link.Link    // nil: none
	socket *client.Client
	here   bool // counted in torture.present
	asking bool // … and in torture.resuming
	stayed bool // it was present when the run ended

	chat    string // the partner's alias; "" is none
	over    bool   // … and it has left
	leaving bool   // Next or end_chat was sent and not yet answered
	ending  bool   // end_chat was sent on this socket
	asks    int    // searches sent on this socket and not yet answered by searching
	stopped bool   // a number was refused; no later one may overtake it
	recv    uint64 // how many of the messages sent are in custody
	index   uint64 // of the last message sent in this chat
	probed  string // the chat in which it said something during the drain

	ghost   *client.Client // a socket that was left open and must not be dropped
	ghostOf string         // its chat
	rests   time.Time      // idle until then; zero: not idle
	rested  bool           // … and was hibernated

	unacked int           // messages received since the last ack
	away    time.Duration // how long to stay away once the socket is gone

	act, ack, retry time.Time // when each is due; zero: never
}

func newChatter(t *torture, who int) *chatter {
	c := &chatter{t: t, who: who, old: who%4 == 3, chance: rand.New(rand.NewPCG(t.cmd.Seed, uint64(who)+1))}
	c.opts = client.Options{APIKey: t.key, Legacy: c.old, LocalAddr: t.local}
	return c
}

// run connects repeatedly until ctx is done.
func (c *chatter) run(ctx context.Context) {
	for try := 0; ctx.Err() == nil; {
		if !c.connect(ctx) {
			c.away = c.upTo(min(backOffFirst<<min(try, 10), backOffMost))
			try++
		} else {
			try = 0
			c.live(ctx)
			if c.ghost != c.socket {
				c.socket.Drop()
			}
			c.stayed = ctx.Err() != nil && c.here
			c.absent()
		}
		if !pace.Pause(ctx, c.away) {
			break
		}
	}
	if c.ghost != nil {
		c.ghost.Drop()
	}
}

func (c *chatter) arrives() {
	c.here = true
	c.t.present.Add(1)
	c.answered()
	c.wakes()
}

func (c *chatter) absent() {
	if c.here {
		c.here = false
		c.t.present.Add(-1)
	}
	c.answered()
}

// answered records that the client no longer waits for the answer to a resume.
func (c *chatter) answered() {
	if c.asking {
		c.asking = false
		c.t.resuming.Add(-1)
	}
}

// upTo returns a random duration that is positive and below d.
func (c *chatter) upTo(d time.Duration) time.Duration {
	return time.Duration(c.chance.Int64N(int64(d))) + time.Millisecond
}

// connect dials with what the client knows about its session.
func (c *chatter) connect(ctx context.Context) bool {
	auth := c.event(checker.Sent, "auth")
	auth.Lag = c.lag
	if s := c.opts.Resume; s != nil && s.SessionID != "" {
		auth.Resume, auth.Chat, auth.N, auth.Recv = true, s.Partner, s.Got, s.Acked
		c.asking = true
		c.t.resuming.Add(1)
	}
	c.t.history.Add(auth)
	if c.t.injects(faultSlow) && isSlow(c.who) {
		c.opts.Slowly = c.t.slowly(c.chance.Uint64())
	}
	socket, err := client.Dial(ctx, c.url, c.opts)
	if err != nil {
		c.ended(client.CloseLost, false)
		c.answered()
		return false
	}
	c.socket = socket
	c.away = c.upTo(backOffFirst)
	c.act = time.Now().Add(c.upTo(100 * time.Millisecond))
	c.ack, c.retry, c.unacked, c.asks, c.rests, c.ending = time.Time{}, time.Time{}, 0, 0, time.Time{}, false
	if c.old {
		c.enter("")
	}
	return true
}

func (c *chatter) event(kind checker.Kind, what string) checker.Event {
	return checker.Event{Who: c.who, Old: c.old, Kind: kind, Type: what}
}

// live handles the server's messages and acts in between, until the socket is gone.
func (c *chatter) live(ctx context.Context) {
	for {
		next := c.act
		for _, t := range []time.Time{c.ack, c.retry} {
			if !t.IsZero() && t.Before(next) {
				next = t
			}
		}
		waiting, cancel := context.WithDeadline(ctx, next)
		m, err := c.socket.Recv(waiting)
		cancel()
		end, ended := errors.AsType[*client.CloseError](err)
		switch {
		case err == nil:
			c.t.history.Add(checker.Hear(c.who, c.old, &m))
			c.hear(&m)
			if c.breaksOff(&m) {
				return
			}
		case ended:
			if end.Code == protocol.CloseHibernated {
				c.rested = true
				c.t.hibernated.Add(1)
			}
			c.goes(end.Code, false)
			return
		case ctx.Err() != nil:
			return
		}
		if c.due() {
			return
		}
	}
}

// goes records the end of the socket and keeps what is needed to reconnect.
func (c *chatter) goes(code int, own bool) {
	c.ended(code, own)
	c.opts = c.socket.Resume()
}

func (c *chatter) ended(code int, own bool) {
	e := c.event(checker.Gone, "")
	e.CloseCode, e.Own = code, own
	c.t.history.Add(e)
}

// due does what is due by now, and reports whether the socket is gone after it.
func (c *chatter) due() bool {
	now := time.Now()
	if !c.ack.IsZero() && !now.Before(c.ack) {
		c.confirm()
	}
	if !c.retry.IsZero() && !now.Before(c.retry) {
		c.goOn()
	}
	if now.Before(c.act) {
		return false
	}
	c.act = now.Add(50*time.Millisecond + c.upTo(300*time.Millisecond))
	return c.acts()
}

// hear responds to a message from the server.
func (c *chatter) hear(m *protocol.ServerMessage) {
	switch m.Type {
	case "auth_success":
		if c.old { // for other clients, session_id or resumed follows
			c.arrives()
			c.enter("")
			c.search("")
		}
	case "session_id":
		c.arrives()
		c.enter("")
		if c.socket.State().Asked { // on the session that this one replaces
			c.rested = false
			c.search("")
			break
		}
		c.searchOrRest(newRestEvery)
	case "resumed":
		c.arrives()
		c.resumed(m)
	case "searching":
		c.asks--
		c.enter("")
	case "chat_ended":
		c.enter("")
	case "matched":
		c.enter(m.PartnerID)
		c.say()
	case "partner_disconnected":
		c.over, c.leaving, c.stopped = true, false, false
	case "message", "gap":
		c.took()
	case "ack":
		news := m.Recv > c.recv
		c.recv = max(c.recv, m.Recv)
		if c.stopped && news {
			c.goOn()
		}
	case "partner_back":
		c.goOn()
	case "error":
		c.refused(m)
	}
}

func (c *chatter) enter(chat string) {
	c.chat, c.over, c.leaving, c.stopped, c.recv, c.index = chat, false, false, false, 0, 0
	c.retry = time.Time{}
}

func (c *chatter) resumed(m *protocol.ServerMessage) {
	switch m.State {
	case "matched":
		if m.PartnerID != c.chat {
			c.enter(m.PartnerID)
		}
		c.over, c.recv = false, max(c.recv, m.Recv)
		if c.leaving { // the server did not receive it
			c.leaving = false
			c.search(c.chat)
			return
		}
		c.goOn()
		if c.index == 0 {
			c.say()
		}
	case "ended": // the held messages follow, then partner_disconnected
		c.over, c.leaving, c.stopped = true, false, false
	case "searching":
		c.enter("")
	case "idle":
		c.enter("")
		c.searchOrRest(1)
	}
}
