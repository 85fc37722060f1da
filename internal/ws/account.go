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
// second frame: most sockets rest.
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

// nanos returns a server time in ns, the unit of the buckets.
func nanos(t chat.Time) int64 { return int64(t) * int64(time.Millisecond) }

// charge charges a frame that was read, of size bytes, to the rates of its socket. The keepalive's time is recent enough;
// whether to wait is decided by the clock.
func (c *Conn) charge(f *protocol.Frame, size int) {
	a := c.account.Load()
	if a == nil {
		if f.Kind == protocol.KindAuth || !c.authed.Load() {
			return
		}
		a = new(account)
		c.account.Store(a)
	}
	now, paces := nanos(chat.Time(c.e.keepalive.now.Load())), &c.e.live.Load().paces
	debt, at := a.frames.Charge(now, &paces.frames, 1), metrics.RateFrames
	owe := func(more int64, class metrics.Rate) {
		if more > debt {
			debt, at = more, class
		}
	}
	owe(min(a.bytes.Charge(now, &paces.bytes, int64(size)), int64(longestByteWait)), metrics.RateBytes)
	switch {
	case f.Kind == protocol.KindPing, f.Command.Op == chat.Activity:
		owe(a.pings.Charge(now, &paces.pings, 1), metrics.RatePings)
	case f.Command.Op == chat.Send:
		owe(a.messages.Charge(now, &paces.messages, 1), metrics.RateMessages)
	}
	if debt > 0 {
		a.due, a.dueAt = now+debt, at
	}
	if a.unpaid += int64(size); a.unpaid >= networkBytes {
		c.chargeNetwork(a)
	}
}

// payDebt waits as long as the last frame was over a rate. Until then nothing more is read.
func (c *Conn) payDebt(a *account) {
	wait := time.Duration(a.due - nanos(c.e.clock()))
	a.due = 0
	if wait <= 0 || c.isClosing() {
		return
	}
	waited := c.waitAt(a, a.dueAt, wait)
	if !a.dueAt.OfSocket() {
		return
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
	event := tail.Event{Type: tail.Wait, Conn: uint64(c.id), What: string(at)}
	c.mu.Lock()
	if c.authed.Load() {
		event.Session = c.session
	}
	c.mu.Unlock()
	c.e.cfg.Tail.Publish(event)
}
