package torture

import (
	"time"

	"chatme/internal/client"
	"chatme/internal/protocol"
	"chatme/internal/torture/checker"
)

// acts does one thing that a user or a network does, and reports whether the socket is gone after it.
func (c *chatter) acts() bool {
	talking := c.here && c.chat != "" && !c.over && !c.leaving
	if !c.rests.IsZero() {
		return c.keepsResting()
	}
	if c.t.draining.Load() {
		if talking && c.probed != c.chat && !c.stopped {
			c.probed = c.chat
			c.say()
		}
		return false
	}
	if talking && c.index == 0 {
		c.say()
	}
	dice := c.chance.IntN(100)
	switch {
	case dice < 3:
		return c.drops()
	case dice < 4:
		return c.closes()
	case c.here && c.t.injects(faultGhost) && c.chance.IntN(ghostEvery) == 0:
		return c.haunts()
	case !talking:
		if c.lapses() {
			return true
		}
		if c.leaving && c.hasty() && dice < 50 {
			c.say()
		}
		if c.old && c.here && c.chat == "" && dice < 6 {
			c.search("") // it keeps its place
		}
		return false
	case dice < 6 && !c.opts.Queued:
		return c.says(false, c.half)
	case dice < 7:
		return c.sleeps()
	case dice < 8:
		c.leaving, c.ending = true, true
		c.t.history.Add(c.event(checker.Sent, "end_chat"))
		c.socket.End()
	case dice < 13:
		c.search(c.chat)
		for c.hasty() && c.chance.IntN(2) == 0 {
			c.say()
		}
	case dice < 18:
		c.socket.Typing(dice%2 == 0)
	case dice < 20:
		c.socket.Ping()
	case dice < 77:
		for range 1 + c.chance.IntN(3) {
			c.say()
		}
	case dice < 80: // as much as a mailbox holds
		for range tortureMailbox {
			c.say()
		}
	}
	return false
}

// breaksOff occasionally loses the socket at the worst moments: after the answer to a resume but before what it
// announces, or after a message but before its confirmation.
func (c *chatter) breaksOff(m *protocol.ServerMessage) bool {
	one := 0
	switch m.Type {
	case "resumed":
		one = 15
	case "matched":
		one = 30
	case "message":
		one = 120
	}
	if one == 0 || c.t.draining.Load() || c.chance.IntN(one) != 0 {
		return false
	}
	return c.drops()
}

// search asks for a partner; with a chat, it is Next.
func (c *chatter) search(chat string) {
	c.leaving = chat != ""
	c.asks++
	e := c.event(checker.Sent, "search")
	if !c.old {
		e.Chat = chat
	}
	c.t.history.Add(e)
	if chat == "" {
		c.socket.Search()
	} else {
		c.socket.Next()
	}
}

// hasty reports whether the client is a legacy client that keeps sending after asking for another partner. Its messages
// name no chat.
func (c *chatter) hasty() bool { return c.old && c.t.injects(faultHaste) }

// say sends the next message of this chat, if the client may.
func (c *chatter) say() {
	c.says(true, func(text, photo string) { c.socket.SendPhoto(text, photo) })
}

// half sends half of a message, which ends the socket.
func (c *chatter) half(text, _ string) {
	c.away = c.absence()
	c.socket.SendHalf(text)
	c.goes(client.CloseLost, true)
}

// says passes send the text of the next message and, if photos is set, an occasional photo. It reports whether the
// client may say anything.
func (c *chatter) says(photos bool, send func(text, photo string)) bool {
	if c.stopped || c.old && c.asks > 0 && !c.hasty() {
		return false
	}
	e := c.event(checker.Sent, "message")
	s := c.socket.State()
	if !c.old {
		if len(s.Copies) >= mostCopies {
			return false
		}
		c.index = s.Sent
		e.Chat, e.N = s.Partner, s.Sent+1
	}
	c.index++
	photo := ""
	if photos && c.showsPhoto(s.Copies) {
		photo = c.photo()
		c.t.photos.Add(1)
	}
	e.Body = checker.Body{Who: c.who, Chat: c.chat, Index: c.index, Photo: checker.PhotoSum(photo)}
	c.t.history.Add(e)
	send(e.Body.Text(c.t.marker), photo)
	return true
}

// absence returns how long a client stays away: usually a moment, sometimes longer than a chat waits, sometimes just as
// long.
func (c *chatter) absence() time.Duration {
	switch c.chance.IntN(24) {
	case 0:
		return tortureChatWindow*3/4 + c.upTo(tortureChatWindow)
	case 1:
		return tortureChatWindow + c.upTo(aMoment)
	case 2:
		return tortureChatWindowOld + c.upTo(aMoment)
	}
	return c.upTo(800 * time.Millisecond)
}

// aMoment is how long after its chat was given up a client may return that stays away for just as long as a chat waits.
const aMoment = 100 * time.Millisecond

// drops cuts the connection without closing it. What was received stays received, confirmed or not.
func (c *chatter) drops() bool {
	c.away = c.absence()
	c.goes(client.CloseLost, true)
	return true
}

// closes ends the session together with its socket.
func (c *chatter) closes() bool {
	c.away = c.upTo(300 * time.Millisecond)
	c.goes(protocol.CloseChatEnded, true)
	c.opts.Resume = nil
	c.enter("")
	c.socket.Close(protocol.CloseChatEnded)
	return true
}

// sleeps announces an absence and roughly keeps to it.
func (c *chatter) sleeps() bool {
	if c.old {
		return false
	}
	const goingAway = 1001
	e := c.event(checker.Sent, "sleep")
	e.For = min(time.Second+c.upTo(tortureSleepMax), tortureSleepMax)
	c.t.history.Add(e)
	c.socket.Sleep(e.For)
	c.away = c.upTo(e.For * 3 / 2)
	c.goes(goingAway, true)
	c.socket.Close(goingAway)
	return true
}
