package checker

import "fmt"

// s1: whoever comes back is where it was: the session is there, the chat it names is the current one or over, and
// positions never run backwards. Where the database was put back meanwhile the chat is over, and the session or its
// place in the queue may be gone. A session that was never in the queue need not outlive its socket.
func s1(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		switch {
		case e.heard("resume_failed"):
			if !v.closed && v.queued && !h.restored(v.knownAt, e.Seq) {
				report("a session is gone that its client has not ended", h.before(e, 4), h.before(e, 2), h.before(e, 1), e.Seq)
			}
		case e.heard("resumed"):
			h.judgeResumed(v, e, report)
		case e.heard("ack") && (v.chat == "" || v.over):
			report("an acknowledgement outside of a chat", h.before(e, 1), e.Seq)
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
		report(fmt.Sprintf("a resume that names a chat is answered %s", e.State), auth, e.Seq)
	case v.named != "" && e.State == "matched" && h.surelyRestored(v.knownAt, e.Seq):
		report("a chat goes on although the database was put back", h.start(v.chat), auth, e.Seq)
	case v.named == "" && v.waits && !undone && e.State == "idle" && e.At-v.lost+h.lag[v.who]+h.limits.Jitter < h.limits.QueueWindow:
		report("a place in the queue is lost", h.before(e, 4), auth, e.Seq)
	case v.named != "" && e.Chat != v.named:
		report("a resume is answered with another chat than it names", auth, e.Seq)
	case v.named != "" && v.over && e.State == "matched":
		report("a chat that was over goes on", h.sides[v.chat].over, auth, e.Seq)
	}
	if e.State == "matched" && e.Chat == v.chat {
		h.judgePositions(v, e, report)
	}
}

// judgePositions judges what the server says of the messages of v.
func (h *history) judgePositions(v *view, e *Event, report report) {
	switch {
	case e.Recv < v.recv:
		report(fmt.Sprintf("custody runs back from %d to %d", v.recv, e.Recv), h.start(v.chat), e.Seq)
	case e.Recv > v.said:
		report(fmt.Sprintf("custody of %d messages is said and %d were sent", e.Recv, v.said), h.start(v.chat), e.Seq)
	case e.Delivered > e.Recv:
		report(fmt.Sprintf("%d messages delivered, %d taken", e.Delivered, e.Recv), h.start(v.chat), e.Seq)
	case e.heard("resumed") && e.Last < v.recv:
		report(fmt.Sprintf("the last number runs back to %d, and %d was acknowledged", e.Last, v.recv), h.start(v.chat), e.Seq)
	}
}

// s2: a session ID is told to its owner alone: it stands in no other frame, and no two sessions have the same.
func s2(h *history, report report) {
	owners := map[string]int{}
	h.walk(func(_ *view, e *Event) {
		if e.Kind == Heard && e.Secret {
			report("a session ID where it must not be", e.Seq)
		}
		if e.heard("session_id") && e.Session != "" {
			if before, ok := owners[e.Session]; ok {
				report("two sessions have one ID", before, e.Seq)
			}
			owners[e.Session] = e.Seq
		}
	})
}

// s4: a session that comes back replaces its former socket: that one ends, as replaced, and is not heard any more. D1 and M5 judge
// what it said and another client heard all the same.
func s4(h *history, report report) {
	for _, i := range h.faults {
		if e := &h.events[i]; e.Type == Haunted {
			report("a socket that was replaced goes on: "+e.Code, i)
		}
	}
}

// s3: each life of the database has one epoch, and no two lives have the same. A life ends as the database is put back;
// an epoch was heard in one of the lives between the auth of its socket and the frame that tells it.
func s3(h *history, report report) {
	type span struct{ first, last, at int } // the lives it may be of, and the latest event that tells it
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
			report("an epoch goes on although the database was put back", before.at, e.Seq)
			before.first, before.last = first, last
		}
		before.at = e.Seq
	})
	lives := map[int]*span{}
	for _, s := range told {
		if s.first != s.last {
			continue // not known which
		}
		if other := lives[s.first]; other != nil {
			report("two epochs, and the database was not put back between them", other.at, s.at)
		}
		lives[s.first] = s
	}
}
