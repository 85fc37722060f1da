package checker

import "time"

// view is what one client knows from what it did and heard.
type view struct {
	who     int
	old     bool
	life    int           // number of the client's current session; 0 before the first
	present bool          // its socket is up and auth was answered
	since   time.Duration // … since when
	lost    time.Duration // when the last authenticated socket ended

	chat  string // the last partner's alias, until the next match, the end of the session or, after Next, searching; "" if none
	over  bool   // … and it was told that the chat is over
	asked bool   // a search was sent and not yet answered
	waits bool   // it was told that it is in the queue

	frames   uint64 // heard on this socket
	ponged   uint64 // how many of them came before the last ping that it answered
	crossing int    // legacy clients: searches not yet answered by searching, whatever else arrived
	knownAt  int    // the event by which the server last knew its session
	named    string // the chat named in the last auth
	resumed  bool   // the last auth asked for an earlier session
	resuming bool   // … and is not yet answered
	durable  bool   // it was told what only a session on disk is told: searching, matched, resumed or partner_disconnected
	closed   bool   // it has ended its session, as far as it knows
	ending   bool   // … by end_chat on this socket

	said, recv, got uint64 // in chat: highest number sent, in custody, received
	confirmed       uint64 // … and confirmed
	confirmedAt     time.Duration
}

// newSession resets everything but the client and its socket.
func (v *view) newSession() {
	*v = view{who: v.who, old: v.old, life: v.life + 1, present: v.present, since: v.since, lost: v.lost,
		frames: v.frames, ponged: v.ponged}
}

func (v *view) enter(chat string) {
	v.chat, v.over, v.asked, v.waits = chat, false, false, false
	v.said, v.recv, v.got, v.confirmed = 0, 0, 0, 0
}

// apply updates v with an event of its client.
func (v *view) apply(e *Event) {
	switch e.Kind {
	case Sent:
		v.applySent(e)
	case Heard:
		v.applyHeard(e)
	case Gone:
		if v.present {
			v.lost = e.At
		}
		v.present, v.resuming = false, false
		v.closed = v.closed || v.old || e.Own && e.CloseCode == closedInOrder
	}
}

func (v *view) applySent(e *Event) {
	switch e.Type {
	case "pong":
		v.ponged = e.N
	case "auth":
		v.frames, v.ponged = 0, 0
		v.old, v.named, v.resumed, v.resuming = e.Old, e.Chat, e.Resume, e.Resume
		v.ending = false
		v.confirms(e)
	case "ack":
		v.confirms(e)
	case "search":
		v.asked = true
		v.crossing++
	case "message":
		v.said = max(v.said, e.Body.Index)
	case "end_chat":
		v.closed, v.ending = true, true
	}
}

// confirms records what the client confirms having received in its chat.
func (v *view) confirms(e *Event) {
	if e.Chat == v.chat {
		v.confirmed, v.confirmedAt = max(v.confirmed, e.N), e.At
	}
}

// lacks reports whether the client has yet to confirm some of what it received. If that is a tail, it must not be
// matched yet.
func (v *view) lacks() bool { return !v.old && v.chat != "" && v.confirmed < v.got }

func (v *view) applyHeard(e *Event) {
	v.frames++
	switch e.Type {
	case "auth_success":
		v.present, v.since = true, e.At
		if v.old {
			v.newSession()
		}
	case "session_id", "chat_ended":
		v.newSession()
		v.knownAt = e.Seq
	case "resumed":
		v.durable = true
		v.closed, v.resuming = v.ending, false
		v.knownAt = e.Seq
		v.applyResumed(e)
	case "searching":
		v.durable = true
		v.crossing = max(v.crossing-1, 0)
		if !v.over {
			v.enter("")
		}
		v.asked, v.waits = false, true
	case "matched":
		v.durable = true
		v.enter(e.Chat)
	case "partner_disconnected":
		v.durable = true
		v.over, v.waits, v.asked = v.chat != "", true, false
	case "message", "gap":
		v.got = max(v.got, e.N)
	case "ack":
		v.recv = max(v.recv, e.Recv)
	}
}

func (v *view) applyResumed(e *Event) {
	switch e.State {
	case "matched":
		if e.Chat != v.chat {
			v.enter(e.Chat)
		}
		v.over, v.asked, v.waits = false, false, false
		v.recv = max(v.recv, e.Recv)
	case "searching", "idle":
		v.enter("")
		v.waits = e.State == "searching"
	}
}
