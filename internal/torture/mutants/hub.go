package main

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/secret"
	"chatme/internal/ws"
)

func seededHub(h *hub.Hub) ws.Hub {
	return &seededLobby{Hub: h, conns: map[chat.ConnID]*seededConn{}, newest: map[chat.Hash]chat.ConnID{}, secrets: map[chat.Hash]string{}}
}

// seededLobby is the hub with the bug.
type seededLobby struct {
	ws.Hub

	turn  sync.Mutex    // held throughout Do
	stack []chat.ConnID // connections with a withheld search; guarded by turn

	mu      sync.Mutex // no other lock is taken while it is held
	conns   map[chat.ConnID]*seededConn
	newest  map[chat.Hash]chat.ConnID // the last socket of each session that asked to resume
	secrets map[chat.Hash]string      // the session IDs, as far as mail was sent with them
	acting  *seededConn               // the conn whose command is being applied
}

// seededConn is a Conn with the bug.
type seededConn struct {
	hub.Conn
	h         *seededLobby
	id        chat.ConnID
	resumable bool
	asked     chat.Hash     // its session, if resumable: the one it asked for, or a new one
	self      chat.Alias    // the chat with itself; guarded by turn
	mailKey   *chat.MailKey // of the first search, which may have been withheld; guarded by turn

	// for deliveries
	held     *hub.Event // held back
	swallows int        // how many searching events to swallow; guarded by h.mu

	// guarded by h.mu
	told     chat.Kind   // the last of matched, searching and partner_disconnected; 0: none of them
	alias    chat.Alias  // the partner's
	partner  *seededConn // the conn that received its last message
	former   *seededConn // … in the chat before
	knownAs  chat.Alias  // the alias by which partner knows it
	formerly chat.Alias  // the alias by which former knew it
}

// Mail implements ws.Hub.
func (h *seededLobby) Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	h.mu.Lock()
	h.secrets[secret.HashOf(sessionID)] = sessionID
	h.mu.Unlock()
	return h.Hub.Mail(ctx, sessionID, r, yield)
}

// Attach implements ws.Hub.
func (h *seededLobby) Attach(ctx context.Context, id chat.ConnID, conn hub.Conn, auth chat.Auth, arrived int64) error {
	c := &seededConn{Conn: conn, h: h, id: id, resumable: auth.Resumable}
	h.mu.Lock()
	h.conns[id] = c
	if c.asked = auth.Fresh; auth.Resume != nil {
		c.asked = auth.Resume.Hash
	}
	h.newest[c.asked] = id
	h.mu.Unlock()
	if seed.attach != nil {
		seed.attach(&auth)
	}
	return h.Hub.Attach(ctx, id, c, auth, arrived)
}

// Do implements ws.Hub.
func (h *seededLobby) Do(c *hub.Command) (congested hub.Conn, done bool) {
	h.turn.Lock()
	defer h.turn.Unlock()
	h.mu.Lock()
	conn := h.conns[c.Conn]
	h.acting = conn
	if c.Op == chat.Detach {
		delete(h.conns, c.Conn)
	}
	h.mu.Unlock()
	own := *c
	if conn != nil && c.Op == chat.Search {
		if own.MailKey != nil {
			conn.mailKey = own.MailKey
		}
		own.MailKey = conn.mailKey
	}
	if conn != nil && seed.do != nil && seed.do(h, conn, &own) {
		conn.Flush()
		return nil, true
	}
	congested, done = h.Hub.Do(&own)
	c.Pair, c.Arrived = own.Pair, own.Arrived // for the next call, if this one is not done
	return congested, done
}

// Deliver implements hub.Conn.
func (c *seededConn) Deliver(e hub.Event) (congested bool) {
	c.note(&e)
	if seed.deliver == nil {
		return c.Conn.Deliver(e)
	}
	return seed.deliver(c, e)
}

func event(e chat.Event) hub.Event { return hub.Event{Event: e} }

// note records which conns are in a chat with each other.
func (c *seededConn) note(e *hub.Event) {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	switch e.Kind {
	case chat.Searching, chat.PartnerDisconnected:
		c.told, c.alias = e.Kind, ""
	case chat.Matched:
		c.told, c.alias = e.Kind, e.Alias
	case chat.Resumed:
		switch e.Resumed.State {
		case chat.ResumedMatched:
			c.told, c.alias = chat.Matched, e.Resumed.Alias
		case chat.ResumedSearching:
			c.told = chat.Searching
		}
	case chat.Message:
		if from := c.h.acting; from != nil && from.partner != c {
			from.former, from.formerly = from.partner, from.knownAs
			from.partner, from.knownAs = c, e.Alias
		}
	}
}

// idle reports whether the session was last told that it neither waits nor has a chat.
func (c *seededConn) idle() bool {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	return c.told == 0
}

// lastComeFirst withholds every search until there are three, and then lets the last two be matched. The one left
// waiting is a client that the checker judges; a legacy client may be kept from a match for other reasons.
func lastComeFirst(h *seededLobby, conn *seededConn, c *hub.Command) bool {
	at := slices.Index(h.stack, c.Conn)
	switch {
	case c.Op == chat.Detach && at >= 0:
		h.stack = slices.Delete(h.stack, at, at+1)
		return false
	case c.Op != chat.Search:
		return false
	case at < 0 && (!conn.idle() || !conn.resumable && len(h.stack) == 0):
		return false
	}
	conn.Conn.Deliver(event(chat.Event{Kind: chat.Searching}))
	if at < 0 {
		h.stack = append(h.stack, c.Conn)
	}
	for n := len(h.stack) - 1; n >= 2; n = len(h.stack) - 1 {
		for _, id := range h.stack[n-1:] {
			h.mu.Lock()
			h.conns[id].swallows++
			key := h.conns[id].mailKey
			h.mu.Unlock()
			h.Hub.Do(&hub.Command{Command: chat.Command{Op: chat.Search, Conn: id, MailKey: key}})
		}
		h.stack = h.stack[:n-1]
	}
	return true
}

// swallowSearching drops the searching event that was already sent.
func swallowSearching(c *seededConn, e hub.Event) bool {
	if e.Kind == chat.Searching {
		c.h.mu.Lock()
		swallow := c.swallows > 0
		if swallow {
			c.swallows--
		}
		c.h.mu.Unlock()
		if swallow {
			return false
		}
	}
	return c.Conn.Deliver(e)
}

// matchSelf gives some searching sessions a chat with themselves that the lobby does not know of.
func matchSelf(_ *seededLobby, conn *seededConn, c *hub.Command) bool {
	switch {
	case c.Op == chat.Search && conn.self == "" && conn.idle() && strikes(5):
		conn.self = chat.Alias(uuid.NewString())
		conn.Conn.Deliver(event(chat.Event{Kind: chat.Searching}))
		conn.Flush()
		conn.Conn.Deliver(event(chat.Event{Kind: chat.Matched, Alias: conn.self}))
		return true
	case c.Op == chat.Search:
		conn.self = ""
	case c.Op == chat.Send && conn.self != "" && conn.resumable:
		conn.Conn.Deliver(event(chat.Event{Kind: chat.Message, Alias: conn.self, Text: c.Text, Image: c.Image, N: c.N, At: 1}))
		conn.Conn.Deliver(event(chat.Event{Kind: chat.Acked, Recv: c.N}))
		return true
	case c.Op == chat.Send && conn.self != "":
		conn.Conn.Deliver(event(chat.Event{Kind: chat.Message, Alias: conn.self, Text: c.Text, Image: c.Image}))
		return true
	}
	return false
}

func endLost(_ *seededLobby, _ *seededConn, c *hub.Command) bool {
	c.Leaves = c.Leaves || c.Op == chat.Detach && strikes(3)
	return false
}

// leadFenced treats commands from a replaced socket, and its end, as those of the socket that replaced it.
func leadFenced(h *seededLobby, conn *seededConn, c *hub.Command) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.Conn = h.newest[conn.asked]
	return false
}

func dropSearch(_ *seededLobby, _ *seededConn, c *hub.Command) bool {
	return c.Op == chat.Search && strikes(4)
}

func ignoreClaim(a *chat.Auth) {
	if a.Resume != nil {
		a.Resume.Got = 0
	}
}

func ignoreAcked(a *chat.Auth) {
	if a.Resume != nil {
		a.Resume.Acked = 0
	}
}
