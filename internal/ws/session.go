package ws

import (
	"context"
	"net"
	"time"

	"chatme/internal/chat"
	"chatme/internal/protocol"
	"chatme/internal/secret"
	"chatme/internal/tail"
)

// controlsEvery is how often pings and pongs are sent while a replay waits.
const controlsEvery = time.Second

// awaitReplay waits until one more large message may be in memory, if this mailbox has any, or c is closed. It returns
// how much room it took; the messages are read one at a time.
func (c *Conn) awaitReplay() (held int64, err error) {
	size := c.e.cfg.Hub.LargestEntry(c.id)
	if !isLarge(size, c.e.cfg.OutboxBytes) {
		return 0, nil
	}
	place := c.e.replays.queue(0, min(int64(size), c.e.replays.most), 0)
	rung, ring := rings()
	defer c.takeDown(c.hang(ring))
	tick := time.NewTicker(controlsEvery)
	defer tick.Stop()
	for {
		select {
		case <-place.given:
			return place.want, nil
		case <-tick.C:
			err = c.controlsMidway()
		case <-rung:
			if c.isClosed() {
				err = net.ErrClosed
			}
		}
		if err != nil {
			if c.e.replays.leave(place) {
				c.e.replays.free(0, place.want)
			}
			return 0, err
		}
	}
}

func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// writeReplay writes the messages of r from disk, one at a time, as fast as the peer takes them; a number without a body
// shows as a gap. Later events wait behind it in the outbox.
func (c *Conn) writeReplay(r *chat.MailRange) error {
	secret := ""
	c.mu.Lock()
	if c.arrival != nil {
		secret = c.arrival.presented
	}
	c.mu.Unlock()
	told := r.After
	var unwritten error // the socket is lost
	write := func(e *chat.Event) error {
		unwritten = c.writeEvent(e)
		return unwritten
	}
	gapTo := func(n uint64) error {
		if n <= told {
			return nil
		}
		told = n
		return write(&chat.Event{Kind: chat.Gap, N: n})
	}
	held, err := c.awaitReplay()
	if err != nil {
		return err
	}
	defer c.e.replays.free(0, held)
	err = c.e.cfg.Hub.Mail(context.Background(), secret, *r, func(m *chat.MailEntry) error {
		e := m.Event()
		if e.Kind == chat.Gap {
			return nil // sent with those that follow it
		}
		if err := gapTo(m.N - 1); err != nil {
			return err
		}
		told = m.N
		return write(&e)
	})
	if err == nil {
		err = gapTo(r.UpTo)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && unwritten == nil {
		c.e.cfg.Log.Error("reading a mailbox failed", "session", c.session.String(), "error", err)
		c.note("mailbox unreadable", 0)
	}
	if c.arrival != nil {
		c.arrival.replays--
		c.arrived()
	}
	return err
}

// arrival is what a Conn keeps of its auth until the replies to it have been sent and a new session has its row. The
// session IDs in it are bearer secrets.
type arrival struct {
	fresh     string    // the fresh session ID, until it is sent and the session has a row
	presented string    // the one it presented, until attached or the replay is over
	resume    chat.Hash // of the session to resume
	attached  bool      // the hub has it
	told      bool      // fresh was sent
	searched  bool      // the session of fresh has a row, which has its mail key
	replays   int       // in the outbox, or in progress
}

// attach gives the Conn, which has presented a valid key, to the hub.
func (c *Conn) attach(r *protocol.Resume, arrived int64) {
	c.isWelcome()
	if r != nil && r.SessionID != "" {
		if c.awaitResume(secret.HashOf(r.SessionID)) {
			arrived = c.e.cfg.Clock.Stamp()
		}
		if !c.engages() {
			return // it is being closed
		}
	}
	auth := chat.Auth{Resumable: r != nil, Network: chat.Network(c.network.ID())}
	fresh, presented := "", ""
	if r == nil {
		auth.Fresh = secret.RandomHash()
	} else {
		fresh, auth.Fresh = secret.NewID()
		if presented = r.SessionID; presented != "" {
			auth.Resume = &chat.Resume{Hash: secret.HashOf(presented), Epoch: r.Epoch, Partner: r.PartnerID, Got: r.Got, Acked: r.Acked}
		}
	}
	coming := &arrival{fresh: fresh, presented: presented}
	if auth.Resume != nil {
		coming.resume = auth.Resume.Hash
	}
	c.mu.Lock()
	c.session = auth.Fresh
	if auth.Resumable {
		c.arrival = coming
	}
	c.mu.Unlock()
	c.resumable.Store(auth.Resumable)
	c.authed.Store(true)
	ctx, done := c.whileOpen()
	defer done()
	if err := c.e.cfg.Hub.Attach(ctx, c.id, c, auth, arrived); err != nil && ctx.Err() == nil {
		c.e.cfg.Log.Error("looking up a session failed", "error", err)
		c.close(protocol.CloseOverloaded, protocol.TextOverloaded, "store unreadable")
	}
	c.engaged = false // the session may be idle
	c.mu.Lock()
	defer c.mu.Unlock()
	coming.attached = true
	c.arrived()
}

// arrived forgets the secrets that are no longer needed: the presented one is needed until the replay is over, the fresh
// one until it is sent and the session has a row. It is called whenever either may be over, with mu held.
func (c *Conn) arrived() {
	a := c.arrival
	if a == nil {
		return
	}
	if a.told && a.searched {
		a.fresh = ""
	}
	if a.attached && a.replays == 0 {
		a.presented = ""
		if a.fresh == "" {
			c.arrival = nil
		}
	}
}

// mailKey returns the mail key of a session that has no row yet, nil for any other. It is derived for the first search and
// not on arrival, where it would be the most expensive part.
func (c *Conn) mailKey() *chat.MailKey {
	c.mu.Lock()
	fresh := ""
	if c.arrival != nil && !c.arrival.searched {
		fresh = c.arrival.fresh
	}
	c.mu.Unlock()
	if fresh == "" {
		return nil
	}
	key := secret.MailKey(fresh)
	return &key
}

// auth checks the key. Another valid auth changes nothing.
func (c *Conn) auth(f *protocol.Frame, arrived int64) {
	switch {
	case !f.KeyIsString || !c.e.live.Load().keys.holds(f.APIKey):
		c.e.networks.Keys.Allow(c.network, c.e.live.Load().NetworkRates.Keys, 1, c.e.nanos())
		c.refuse("invalid_key", protocol.ReasonInvalidKey, protocol.TextAuthFailed, "invalid API key")
	case c.authed.Load():
		if c.isRepeated() {
			c.close(protocol.CloseAbuse, "Too many auth frames", "too many auth frames")
			return
		}
		c.say(protocol.AuthSuccess)
	default:
		c.attach(f.Resume, arrived)
	}
}

// refuse sends the reason and closes the socket with 4001. code is for the metrics, and reason for the log.
func (c *Conn) refuse(code, why, text, reason string) {
	c.e.cfg.Metrics.Error(code)
	if c.e.cfg.Tail.Active() {
		c.e.cfg.Tail.Publish(tail.Event{Type: tail.Auth, Conn: uint64(c.id), Network: c.network.ID(), Failed: true, Reason: reason})
	}
	c.say(string(protocol.AuthError(nil, why)))
	c.close(protocol.CloseUnauthenticated, text, reason)
}
