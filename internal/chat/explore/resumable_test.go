package explore

import "chatme/internal/chat"

// hearResumable does what docs/protocol.md asks of a client ("Checklist for a client library").
func (g *guest) hearResumable(w *world, s *socket, e chat.Event) {
	switch e.Kind {
	case chat.SessionID:
		g.has, g.greeted, g.epoch, g.session, g.written = true, true, s.epoch, s.conn, false
		g.queued = false
	case chat.ResumeFailed:
		if g.phase == ending {
			g.done = true
		}
		g.forget()
	case chat.Resumed:
		g.resumed(w, s, e.Resumed)
	case chat.Searching:
		g.written = true
		if g.phase == leaving && !g.over && !w.plan.keeps { // the chat was kept up to here
			g.enter("")
		}
		g.over = true
		if g.phase != ending {
			g.phase = searching
		}
	case chat.Matched:
		g.written = true
		g.enter(e.Alias)
		if g.phase != ending {
			g.phase = chatting
		}
	case chat.Message:
		if e.Alias == g.partner && e.N > g.got { // otherwise a duplicate, or of another chat
			g.got = e.N
		}
	case chat.Gap:
		g.got = max(g.got, e.N)
	case chat.Acked:
		if g.acknowledged(e.Recv) {
			g.goOn(w)
		}
	case chat.Error:
		g.refused(w, e)
	case chat.PartnerAway:
		g.away = true
	case chat.PartnerBack:
		g.away = false
		g.cursor = g.acked
		g.goOn(w)
	case chat.PartnerDisconnected:
		g.over = true
		g.confirm(w)
		if g.phase != ending {
			g.phase = searching
		}
	case chat.ChatEnded:
		g.done = true
	}
}

// resumed continues from the session state that the server reports. It does not search on its own.
func (g *guest) resumed(w *world, s *socket, r *chat.Resumption) {
	g.greeted, g.written, g.epoch = true, true, s.epoch
	g.told = g.got
	switch r.State {
	case chat.ResumedMatched:
		if r.Alias != g.partner {
			g.enter(r.Alias)
			if g.phase == searching || g.phase == idle {
				g.phase = chatting
			}
		}
		g.away = !r.Here
		g.acknowledged(r.Recv)
		g.cursor = g.acked
		if r.Last > g.sent { // higher numbers were never sent by this client: continue from there
			for g.sent < r.Last {
				g.sent++
				g.copies = append(g.copies, "")
			}
			g.acknowledged(r.Last)
			g.cursor = r.Last
		}
		switch g.phase {
		case leaving:
			g.send(w, chat.Command{Op: chat.Search, Partner: g.partner})
		case ending:
			g.send(w, chat.Command{Op: chat.End})
		default:
			g.pump(w)
		}
		return
	case chat.ResumedSearching:
		g.stand(w, searching)
	case chat.ResumedIdle:
		g.stand(w, idle)
	case chat.ResumedEnded: // the tail and partner_disconnected follow
	}
	if g.phase == ending {
		g.send(w, chat.Command{Op: chat.End})
	}
}

// stand accepts the server's report that there is no chat.
func (g *guest) stand(w *world, p phase) {
	if g.phase != ending {
		g.phase = p
	}
	g.over = true
}

// acknowledged drops the copies that the server has in custody, and reports whether that is new.
func (g *guest) acknowledged(recv uint64) bool {
	if recv <= g.acked {
		return false
	}
	for ; g.acked < recv; g.acked++ {
		if len(g.copies) > 0 {
			g.copies = g.copies[1:]
		}
	}
	g.sent = max(g.sent, g.acked)
	return true
}

// refused stops at a number that was not accepted; goOn sends it again.
func (g *guest) refused(w *world, e chat.Event) {
	switch e.Code {
	case chat.ErrGap:
		g.cursor = max(min(g.cursor, e.Expect-1), g.acked)
		g.pump(w)
	case chat.ErrMailboxFull, chat.ErrUnavailable:
		g.stalled = true
		if e.N != 0 {
			g.cursor = max(min(g.cursor, e.N-1), g.acked)
		}
	}
}

// goOn handles partner_back, an ack that advances, and the retry time.
func (g *guest) goOn(w *world) {
	if g.stalled {
		g.stalled = false
	}
	g.pump(w)
}

// retry returns the time after which a refused number is retried.
func (g *guest) retry(w *world) {
	g.stalled = false
	g.pump(w)
}
