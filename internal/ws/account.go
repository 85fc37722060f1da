package ws

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/protocol"
	"chatme/internal/tail"
)

const (
	// longestByteWait is the longest wait for bytes: then the next frame is read, whatever is owed, so that a Next behind
	// pictures is seen soon.
	longestByteWait = 5 * time.Second
	// networkBytes is how many bytes a socket reads before it charges them to its network: a lookup for each message would
	// cost more than the bucket.
	networkBytes = 16 << 10
	// waitNoted is how often waits of one socket are published at most.
	waitNoted = time.Minute
)

// account is what a socket has used of its rates. Its reader owns it, except for typing. A socket gets one with its
// second frame: most sockets are idle.
type account struct {
	frames, messages, bytes, pings network.Bucket

	due    int64        // server time, ns, until which the reader must wait; 0: it need not
	dueAt  metrics.Rate // … and why
	unpaid int64        // bytes not yet charged to the network
	auths  int          // beyond the first
	waits  waits
	noted  chat.Time // when a wait was last published; 0: never
	typing typing
}

// charge charges a frame that was read, of size bytes, to the rates of its socket. The keepalive's time is recent enough;
// whether to wait is decided by the clock.
func (c *Conn) charge(f *protocol.Frame, size int) {
	a := c.account.Load()
	if a == nil {
		if f.Kind == protocol.KindAuth || !c.authed.Load() {
			return
		}
		a = c.accounts()
	}
	now, rates := nanos(c.e.recently()), &c.e.live.Load().Rates
	a.owe(metrics.RateFrames, now, a.frames.Take(rates.Frames, 1, now))
	a.owe(metrics.RateBytes, now, min(a.bytes.Take(rates.Bytes, int64(size), now), longestByteWait))
	switch {
	case f.Kind == protocol.KindPing, f.Command.Op == chat.Activity:
		c.chargePing(now)
	case f.Command.Op == chat.Send:
		a.owe(metrics.RateMessages, now, a.messages.Take(rates.Messages, 1, now))
	}
	if a.unpaid += int64(size); a.unpaid >= networkBytes {
		if wait := c.chargeNetwork(a.unpaid, now); wait > 0 {
			a.owe(metrics.RateNetworkBytes, now, min(wait, longestByteWait))
		}
		a.unpaid = 0
	}
}

// chargePing charges a frame that does nothing.
func (c *Conn) chargePing(now int64) {
	a := c.accounts()
	a.owe(metrics.RatePings, now, a.pings.Take(c.e.live.Load().Rates.Pings, 1, now))
}

// accounts returns the account of c, which may be new.
func (c *Conn) accounts() *account {
	a := c.account.Load()
	if a == nil {
		a = new(account)
		c.account.Store(a)
	}
	return a
}

// owe records that a rate makes the reader wait from now on; the longest wait counts.
func (a *account) owe(at metrics.Rate, now int64, wait time.Duration) {
	if until := now + int64(wait); wait > 0 && until > a.due {
		a.due, a.dueAt = until, at
	}
}

// payDebt waits as long as the last frame was over a rate. Until then nothing more is read.
func (c *Conn) payDebt(a *account) {
	wait := time.Duration(a.due - c.e.nanos())
	a.due = 0
	if wait <= 0 || c.isClosing() {
		return
	}
	if dropsOverRate {
		c.ws.NextReader()
		return
	}
	waited := c.waitAt(a, a.dueAt, wait)
	if a.dueAt == metrics.RateNetworkBytes {
		return // its neighbors may have sent them
	}
	if most := c.e.live.Load().Rates.Waits; a.waits.add(c.e.clock(), waited) > most {
		c.close(protocol.CloseRateLimited, protocol.RetryAfter(waitsSpan-most), "over a rate for too long")
	}
}

// waitAt lets the reader wait, or until c closes, and returns how long it did. The socket is not silent meanwhile.
func (c *Conn) waitAt(a *account, at metrics.Rate, wait time.Duration) time.Duration {
	began := c.e.clock()
	c.noteWait(a, at, began)
	c.ownGoroutine()
	charged := c.e.budget.chargeReader()
	c.e.delayed.add(c.network.ID(), 1)
	c.pauses(func() {
		ctx, done := c.whileOpen()
		defer done()
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	})
	c.ends() // no frame has begun
	c.e.delayed.add(c.network.ID(), -1)
	c.e.budget.freeReader(charged)
	waited := time.Duration(c.e.clock()-began) * time.Millisecond
	c.e.cfg.Metrics.Waited(at, waited)
	return waited
}

// noteWait publishes that a wait begins, unless one was published lately.
func (c *Conn) noteWait(a *account, at metrics.Rate, now chat.Time) {
	if !c.e.cfg.Tail.Active() || a.noted != 0 && now < a.noted.Add(waitNoted) {
		return
	}
	a.noted = now
	event := tail.Event{Type: tail.Wait, Conn: uint64(c.id), Network: c.network.ID(), What: string(at)}
	c.mu.Lock()
	if c.authed.Load() {
		event.Session = c.session
	}
	c.mu.Unlock()
	c.e.cfg.Tail.Publish(event)
}
