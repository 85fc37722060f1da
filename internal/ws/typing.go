package ws

import (
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// typingFirst is how many typing frames in a chat are forwarded as they come: more than a person causes in a moment, and
// enough for a client that recognizes another one by them, as chatme probe does.
const typingFirst = 16

// typingAgain is after how long a repeated typing_start is forwarded although nothing changed: the client may rely on it,
// and the partner may have reconnected meanwhile.
const typingAgain = 3 * time.Second

// What the partner was last told, as far as it is known.
const (
	typingUnknown int32 = iota
	typingStarted
	typingStopped
)

// typing thins out the typing frames of a socket: after the first of a chat, only changes are forwarded. A typing_start
// that comes too soon after the last one is late: it is forwarded when its time has come, unless the client has stopped by
// then. A typing_stop is forwarded at once.
type typing struct {
	told   atomic.Int32 // set before the command is executed, so that a reset is later
	frames atomic.Int32 // in this chat, up to typingFirst

	mu   sync.Mutex  // held while a typing command is executed, so that a late one never passes what follows it
	at   chat.Time   // when a typing_start was last forwarded; 0: never
	late atomic.Bool // a typing_start waits; set to true with mu held
}

// reset forgets what the partner was told, and what it was to be told: it is another partner, or its socket is another.
func (t *typing) reset() {
	t.late.Store(false)
	t.told.Store(typingUnknown)
	t.frames.Store(0)
}

// types handles a typing frame.
func (c *Conn) types(t *typing, cmd *hub.Command) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.frames.Load() < typingFirst
	if first {
		t.frames.Add(1)
	}
	if !cmd.Start {
		t.late.Store(false)
		if t.told.Swap(typingStopped) != typingStopped || first {
			c.do(cmd)
		}
		return
	}
	if t.late.Load() {
		return
	}
	now := c.e.clock()
	if first || t.at == 0 {
		t.begins(now)
		c.do(cmd)
		return
	}
	next := t.at.Add(c.e.live.Load().Rates.Typing)
	switch {
	case t.told.Load() == typingStarted && now < t.at.Add(typingAgain):
	case now < next:
		t.late.Store(true)
		time.AfterFunc(time.Duration(next-now)*time.Millisecond, func() { c.typesLate(t) })
	default:
		t.begins(now)
		c.do(cmd)
	}
}

// begins records that a typing_start is forwarded. The caller holds mu.
func (t *typing) begins(now chat.Time) {
	t.at = now
	t.told.Store(typingStarted)
}

// typesLate forwards the typing_start that waits, if one still does.
func (c *Conn) typesLate(t *typing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.late.Swap(false) {
		t.begins(c.e.clock())
		c.e.cfg.Hub.Do(&hub.Command{Command: chat.Command{Op: chat.Typing, Conn: c.id, Start: true}})
	}
}

// changesPartner reports whether after this event the partner of the client, or its socket, may be another.
func changesPartner(k chat.Kind) bool {
	switch k {
	case chat.Resumed, chat.Searching, chat.Matched, chat.PartnerAway, chat.PartnerBack, chat.PartnerDisconnected:
		return true
	}
	return false
}
