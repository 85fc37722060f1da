package checker

import "time"

// faultCases are histories with a server that stands still or a locked database, and with clients that have slow links,
// vanish without closing, or were silent for too long.
func faultCases(holds, breaks addCase) {
	queueFaultCases(holds, breaks)
	slowCases(holds, breaks)
	x := alias(1, "x")

	late := func(s *script) *script { return s.wait(3*time.Second).hears(0, "searching", "") }
	search := func() *script { return newScript().joins(0).sends(0, "search", "") }
	holds("M7 late because the server was paused", late(search().fault(Stopped)).fault(Continued))
	holds("M7 asked while the server was paused", late(newScript().joins(0).fault(Stopped).wait(9*time.Second).sends(0, "search", "")).fault(Continued))
	breaks("M7 late long after the server was paused", late(newScript().joins(0).fault(Stopped).fault(Continued).wait(time.Minute).sends(0, "search", "")))
	holds("M7 late because the database is locked", late(search().fault(Locked)).fault(Unlocked))
	breaks("M7 late long after the lock", late(newScript().joins(0).fault(Locked).fault(Unlocked).wait(time.Minute).sends(0, "search", "")))
	holds("M7 late because the client process stood still", search().wait(3*time.Second).
		add(Event{Who: Server, Kind: Fault, Type: Stalled, For: 2900 * time.Millisecond}).hears(0, "searching", ""))
	breaks("M7 late, and the clients stood still briefly long ago", late(newScript().joins(0).
		add(Event{Who: Server, Kind: Fault, Type: Stalled, For: time.Millisecond}).wait(time.Minute).sends(0, "search", "")))

	holds("M5 the end of a socket is heard late because the server was paused", chatting(1).hears(0, "partner_disconnected", "").
		fault(Stopped).wait(6*time.Second).fault(Continued).gone(1))
	breaks("M5 the end of a socket is heard late", chatting(1).hears(0, "partner_disconnected", "").wait(6*time.Second).gone(1))

	never := func(s *script) *script {
		return s.gone(0).add(Event{Who: 0, Kind: Sent, Type: "auth", Resume: true}).hears(0, "auth_success", "").
			add(Event{Who: 0, Kind: Heard, Type: "resume_failed", Code: "unknown"})
	}
	holds("S1 a session that never searched is lost", never(newScript().joins(0)))
	breaks("S1 a session that searched is lost", never(newScript().joins(0).searches(0)))
	breaks("S1 a session that resumed is lost", never(newScript().joins(0).searches(0).gone(0).wait(time.Minute).returns(0, "", "idle", "", 0, 0)))

	back := func() *script { return chatting().gone(0).returns(0, x, "matched", x, 1, 1) }
	holds("S4 a replaced socket ends", back())
	breaks("S4 a replaced socket is still in use", back().add(Event{Who: Server, Kind: Fault, Type: Haunted, Code: "of c0: still open"}))
	breaks("D1 a replaced socket is heard", back().add(Event{Who: 1, Kind: Heard, Type: "message", Chat: alias(0, "x"), N: 2,
		Body: Body{Who: 0, Chat: x, Index: 1 << 40}}))

	hasty := func() *script {
		return chatting(0).joins(2).searches(2).sends(0, "search", "").says(0, 1, "x", 2).hears(0, "searching", "").hears(1, "partner_disconnected", "")
	}
	words := Event{Who: 2, Kind: Heard, Type: "message", Chat: alias(0, "y"), N: 1, Body: Body{Who: 0, Chat: x, Index: 2}}
	holds("D1 messages after Next that are dropped", hasty().meets(0, 2, "y").says(0, 2, "y", 1).reads(2, 0, "y", 1))
	breaks("D1 messages after Next that the next partner hears", hasty().meets(0, 2, "y").says(2, 0, "y", 1).reads(0, 2, "y", 1).add(words))
}

// queueFaultCases are about which client may be matched.
func queueFaultCases(holds, breaks addCase) {
	met := func(s *script, a, b int, round string) *script {
		return s.meets(a, b, round).says(a, b, round, 1).reads(b, a, round, 1)
	}
	// overtaken is a history in which 0 waits, 2 and 3 come later and are matched first, and 0 keeps waiting.
	overtaken := func(s *script) *script {
		return met(s.joins(2, 3).searches(2, 3), 2, 3, "z").wait(10*time.Second).sends(0, "ping", "")
	}
	pongs := func(s *script, who int, behind uint64) *script {
		return s.add(Event{Who: who, Kind: Sent, Type: "pong", N: behind})
	}

	// A legacy client that was left: its ping comes after frame 6, partner_disconnected.
	left := func() *script {
		return chatting(0).leaves(1, 0, "x").sends(1, "end_chat", "").hears(1, "chat_ended", "")
	}
	holds("M6 a legacy client has not answered the ping", overtaken(left().wait(6*time.Second)))
	breaks("M6 a legacy client has answered the ping", overtaken(pongs(left(), 0, 6).wait(6*time.Second)))
	holds("M6 a legacy client has answered an earlier ping", overtaken(pongs(left(), 0, 5).wait(6*time.Second)))
	holds("M6 a legacy client has just answered the ping", overtaken(pongs(left(), 0, 6).wait(time.Second)))
	holds("M6 a legacy client has answered and written since", overtaken(pongs(left(), 0, 6).wait(6*time.Second).sends(0, "typing_stop", "").wait(time.Second)))
	holds("M6 the server was paused since the pong", overtaken(pongs(left(), 0, 6).fault(Stopped).wait(6*time.Second).fault(Continued).wait(time.Second)))
	next := func() *script {
		return chatting(0).leaves(0, 1, "x").sends(1, "end_chat", "").hears(1, "chat_ended", "")
	}
	holds("M6 a legacy client has left and not answered the ping", overtaken(next().wait(6*time.Second)))
	breaks("M6 a legacy client has left and answered the ping", overtaken(pongs(next(), 0, 6).wait(6*time.Second)))
	breaks("M6 a legacy client answered before it recorded the frame", overtaken(pongs(chatting(0), 0, 6).
		hears(0, "partner_disconnected", "").sends(1, "end_chat", "").hears(1, "chat_ended", "").wait(6*time.Second)))
	breaks("M6 a new legacy client", overtaken(newScript(0).joins(0).searches(0).wait(6*time.Second)))

	waits := func() *script { return newScript().joins(0).searches(0) }
	breaks("M6 a waiting client", overtaken(waits().wait(6*time.Second)))
	holds("M6 a client that was silent for long", overtaken(waits().wait(11*time.Second)))
	breaks("M6 a client that answers its pings", overtaken(pongs(waits().wait(11*time.Second), 0, 3).wait(time.Second)))

	after := func(s *script) *script { return met(s, 0, 4, "w") }
	first := func() *script { return met(newScript().joins(0, 2, 3, 4).searches(0, 2, 3), 2, 3, "z") }
	holds("M6 the frame of the first is late because the server was paused", after(first().fault(Stopped).wait(6*time.Second).fault(Continued).searches(4)))
	breaks("M6 the first is late, and the server was paused before that", after(newScript().fault(Stopped).wait(6*time.Second).fault(Continued).
		joins(0, 2, 3, 4).searches(0, 2, 3).meets(2, 3, "z").says(2, 3, "z", 1).reads(3, 2, "z", 1).wait(6*time.Second).searches(4)))
}

// slowCases are about clients that hear late, or whose partners do.
func slowCases(holds, breaks addCase) {
	joins := func(s *script, who int, lag time.Duration) *script {
		return s.add(Event{Who: who, Kind: Sent, Type: "auth", Lag: lag}).hears(who, "auth_success", "").hears(who, "session_id", "")
	}
	answer := func(lag, after time.Duration) *script {
		return joins(newScript(), 0, lag).sends(0, "search", "").wait(after).hears(0, "searching", "")
	}
	holds("M7 a slow link", answer(time.Second, 1900*time.Millisecond))
	breaks("M7 a slow link, and later than that", answer(time.Second, 2100*time.Millisecond))

	// 0 has written to 1, and the server reads no more from it until 1 has read that.
	talk := func(lag time.Duration) *script {
		return joins(joins(newScript(), 0, 0), 1, lag).searches(0, 1).meets(0, 1, "x").says(0, 1, "x", 1).reads(1, 0, "x", 1)
	}
	next := func(s *script) *script {
		return s.says(0, 1, "x", 2).sends(0, "search", alias(1, "x")).wait(3*time.Second).hears(0, "searching", "")
	}
	holds("M7 the partner reads slowly", next(talk(20*time.Second)))
	breaks("M7 the partner's link is slow", next(talk(time.Second)))
	breaks("M7 a former partner reads slowly", talk(20*time.Second).sends(0, "search", alias(1, "x")).hears(0, "searching", "").
		sends(0, "search", "").wait(3*time.Second).hears(0, "searching", ""))
	vanished := Event{Who: 1, Kind: Gone, Type: Vanished, CloseCode: 1006, Own: true}
	holds("M7 the partner vanished without closing", next(chatting(1).add(vanished)))
	breaks("M7 the partner disconnected", next(chatting(1).gone(1)))

	slow := func() *script {
		return newScript(1).joins(0).add(Event{Who: 1, Kind: Sent, Type: "auth", Lag: 20 * time.Second}).hears(1, "auth_success", "").
			searches(0, 1).meets(0, 1, "x").says(0, 1, "x", 1).reads(1, 0, "x", 1)
	}
	holds("M5 a slow client hears late that its socket has ended", slow().hears(0, "partner_disconnected", "").wait(10*time.Second).gone(1))
	breaks("M5 a slow client hears too late that its socket has ended", slow().hears(0, "partner_disconnected", "").wait(30*time.Second).gone(1))
}
