package checker

import "fmt"

// s1: a client that reconnects is back where it was: the session exists, the chat it names is the current one or over,
// and positions never run backwards. If the database was restored in between, the chat is over, and the session or its
// place in the queue may be lost. A session gets its row with its first search: until its client was told the answer, it
// need not outlive its socket.
func s1(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		switch {
		case e.heard("resume_failed"):
			if !v.closed && v.durable && !h.restored(v.knownAt, e.Seq) {
				report("a session was lost that its client did not end", h.before(e, 4), h.before(e, 2), h.before(e, 1), e.Seq)
			}
		case e.heard("resumed"):
			h.judgeResumed(v, e, report)
		case e.heard("ack") && (v.chat == "" || v.over):
			report("received an acknowledgement outside of a chat", h.before(e, 1), e.Seq)
		case e.heard("ack"):
			h.judgePositions(v, e, report)
		}
	})
}

func (h *history) judgeResumed(v *view, e *Event, report report) {
	auth := h.before(e, 2)
	undone := h.restored(v.knownAt, e.Seq)
	switch {
	case v.named != "" && e.State != "matched" && e.State != "ended":
		report(fmt.Sprintf("a resume that names a chat was answered with %s", e.State), auth, e.Seq)
	case v.named != "" && e.State == "matched" && h.surelyRestored(v.knownAt, e.Seq):
		report("a chat continued although the database was restored", h.start(v.chat), auth, e.Seq)
	case v.named == "" && v.waits && !undone && e.State == "idle" && e.At-v.lost+h.lag[v.who]+h.limits.Jitter < h.limits.QueueWindow:
		report("a session lost its place in the queue", h.before(e, 4), auth, e.Seq)
	case v.named != "" && e.Chat != v.named:
		report("a resume was answered with a different chat than it named", auth, e.Seq)
	case v.named != "" && v.over && e.State == "matched":
		report("a chat that was over continued", h.sides[v.chat].over, auth, e.Seq)
	}
	if e.State == "matched" && e.Chat == v.chat {
		h.judgePositions(v, e, report)
	}
}

// judgePositions checks the positions that the server reports for the messages of v.
func (h *history) judgePositions(v *view, e *Event, report report) {
	switch {
	case e.Recv < v.recv:
		report(fmt.Sprintf("custody ran back from %d to %d", v.recv, e.Recv), h.start(v.chat), e.Seq)
	case e.Recv > v.said:
		report(fmt.Sprintf("the server reported custody of %d messages, but only %d were sent", e.Recv, v.said), h.start(v.chat), e.Seq)
	case e.Delivered > e.Recv:
		report(fmt.Sprintf("the server reported %d messages delivered, but only %d in custody", e.Delivered, e.Recv), h.start(v.chat), e.Seq)
	case e.heard("resumed") && e.Last < v.recv:
		report(fmt.Sprintf("the last number ran back to %d although %d was acknowledged", e.Last, v.recv), h.start(v.chat), e.Seq)
	}
}

// s2: only its owner is told a session ID: it appears in no other frame, and no two sessions share one.
func s2(h *history, report report) {
	owners := map[string]int{}
	h.walk(func(_ *view, e *Event) {
		if e.Kind == Heard && e.Secret {
			report("a session ID appeared where it must not", e.Seq)
		}
		if e.heard("session_id") && e.Session != "" {
			if before, ok := owners[e.Session]; ok {
				report("two sessions share one ID", before, e.Seq)
			}
			owners[e.Session] = e.Seq
		}
	})
}

// s4: a session that resumes replaces its previous socket, which is closed as replaced and ignored from then on. D1 and
// M5 check what it sent if another client received it.
func s4(h *history, report report) {
	for _, i := range h.faults {
		if e := &h.events[i]; e.Type == Haunted {
			report("a replaced socket is still in use: "+e.Code, i)
		}
	}
}

// s3: each life of the database has one epoch, and no two lives share one. A life ends when the database is restored.
// An epoch was heard in one of the lives between the auth of its socket and the frame that carries it.
func s3(h *history, report report) {
	type span struct{ first, last, at int } // the lives it may belong to, and the latest event that carries it
	told := map[string]*span{}
	h.walk(func(v *view, e *Event) {
		if !e.heard("session_id", "resumed") || e.Epoch == "" {
			return
		}
		first, last := h.era(h.opened[e.Seq]), h.era(e.Seq)
		before := told[e.Epoch]
		if before == nil {
			told[e.Epoch] = &span{first, last, e.Seq}
			return
		}
		before.first, before.last = max(before.first, first), min(before.last, last)
		if before.first > before.last {
			report("an epoch continued although the database was restored", before.at, e.Seq)
			before.first, before.last = first, last
		}
		before.at = e.Seq
	})
	lives := map[int]*span{}
	for _, s := range told {
		if s.first != s.last {
			continue // its life is not known
		}
		if other := lives[s.first]; other != nil {
			report("the epoch changed although the database was not restored", other.at, s.at)
		}
		lives[s.first] = s
	}
}
