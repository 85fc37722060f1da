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
	// retryAfter is when to go on from what was refused.
	retryAfter = 2 * time.Second

	mostCopies = 32 // of what is not in custody; then a client waits before it says more

	backOffFirst = 50 * time.Millisecond
	backOffMost  = time.Second
)

// chatter is one client: it does what a person and a good library do. All its fields belong to its goroutine.
type chatter struct {
	t      *torture
	who    int
	old    bool
	chance *rand.Rand
	opts   client.Options // to connect with the next time
	url    string
	lag    time.Duration // how much later it may hear or be heard
	link   *link.Link    // nil: none
	socket *client.Client
	here   bool // counted in torture.present
	asking bool // … and in torture.resuming
	stayed bool // it was here as the run ended

	chat    string // the partner's alias; "" is none
	over    bool   // … who is gone
	leaving bool   // Next or end_chat was sent and not answered
	ending  bool   // end_chat was sent on this socket
	asks    int    // searches sent on this socket and not answered by searching
	stopped bool   // a number was refused: nothing overtakes it
	recv    uint64 // how much of what was said is in custody
	index   uint64 // of the last message said in this chat
	probed  string // the chat in which something was said in the drain

	ghost   *client.Client // a socket that was left open and is not to be dropped
	ghostOf string         // the chat of it
	rests   time.Time      // does nothing until then; zero: it does
	rested  bool           // … and was put to rest

	unacked int           // messages taken since the last ack
	away    time.Duration // how long to stay away once the socket is gone

	act, ack, retry time.Time // when to do what; zero: never
}

func newChatter(t *torture, who int) *chatter {
	c := &chatter{t: t, who: who, old: who%4 == 3, chance: rand.New(rand.NewPCG(t.cmd.Seed, uint64(who)+1))}
	c.opts = client.Options{APIKey: t.key, Legacy: c.old, LocalAddr: t.local}
	return c
}

// run connects again and again until ctx ends.
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

// answered notes that the client waits for no answer to a resume.
func (c *chatter) answered() {
	if c.asking {
		c.asking = false
		c.t.resuming.Add(-1)
	}
}

// upTo is a random time below d, and some more than nothing.
func (c *chatter) upTo(d time.Duration) time.Duration {
	return time.Duration(c.chance.Int64N(int64(d))) + time.Millisecond
}

// connect dials with what the client knows of its session.
func (c *chatter) connect(ctx context.Context) bool {
	auth := c.event(checker.Sent, "auth")
	auth.Lag = c.lag
	if s := c.opts.Resume; s != nil {
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

// live takes what the server says and acts in between, until the socket is gone.
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

// goes records the end of the socket and keeps what is needed to come back.
func (c *chatter) goes(code int, own bool) {
	c.ended(code, own)
	c.opts = c.socket.Resume()
}

func (c *chatter) ended(code int, own bool) {
	e := c.event(checker.Gone, "")
	e.CloseCode, e.Own = code, own
	c.t.history.Add(e)
}

// due does what is to be done by now, and says whether the socket is gone by that.
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

// hear does what a message of the server asks for at once.
func (c *chatter) hear(m *protocol.ServerMessage) {
	switch m.Type {
	case "auth_success":
		if c.old { // otherwise what counts follows
			c.arrives()
			c.enter("")
			c.search("")
		}
	case "session_id":
		c.arrives()
		c.enter("")
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
		if c.leaving { // the server has not heard it
			c.leaving = false
			c.search(c.chat)
			return
		}
		c.goOn()
		if c.index == 0 {
			c.say()
		}
	case "ended": // partner_disconnected follows, with what is left before it
		c.over, c.leaving, c.stopped = true, false, false
	case "searching":
		c.enter("")
	case "idle":
		c.enter("")
		c.searchOrRest(1)
	}
}
