package checker

import "time"

// invariantCase is a history for the invariant its name begins with.
type invariantCase struct {
	broken  bool
	history *script
}

func invariantCases() map[string]invariantCase {
	cases := map[string]invariantCase{}
	holds := func(name string, s *script) { cases[name] = invariantCase{false, s} }
	breaks := func(name string, s *script) { cases[name] = invariantCase{true, s} }
	matchCases(holds, breaks)
	endCases(holds, breaks)
	queueCases(holds, breaks)
	deliveryCases(holds, breaks)
	resumeCases(holds, breaks)
	restoreCases(holds, breaks)
	faultCases(holds, breaks)
	return cases
}

type addCase func(name string, s *script)

func matchCases(holds, breaks addCase) {
	holds("M1 one after the other", chatting().joins(2).searches(2).leaves(0, 1, "x").meets(2, 1, "y"))
	breaks("M1 matched twice", chatting().joins(2).searches(2).meets(0, 2, "y"))

	holds("M2 two sides", chatting())
	breaks("M2 one alias for two", chatting().joins(2).searches(2).hears(2, "matched", alias(1, "x")))
	breaks("M2 three in a chat", chatting().joins(2).searches(2).hears(2, "matched", "Z").
		says(0, 1, "x", 2).add(Event{Who: 2, Kind: Heard, Type: "message", Chat: "Z", N: 1, Body: Body{Who: 0, Chat: alias(1, "x"), Index: 2}}))

	holds("M3 two clients", chatting())
	breaks("M3 with itself", newScript().joins(0).searches(0).hears(0, "matched", "B").
		add(Event{Who: 0, Kind: Sent, Type: "message", Chat: "B", N: 1, Body: Body{Who: 0, Chat: "B", Index: 1}}).
		add(Event{Who: 0, Kind: Heard, Type: "message", Chat: "A", N: 1, Body: Body{Who: 0, Chat: "B", Index: 1}}))

	holds("M4 after a search", chatting())
	holds("M4 after partner_disconnected", chatting().joins(2).leaves(0, 1, "x").searches(2).meets(1, 2, "y"))
	holds("M4 by a search before the socket was lost", newScript().joins(0).searches(0).
		gone(0).returns(0, "", "matched", "B", 0, 0))
	breaks("M4 without a search", newScript().joins(0).hears(0, "matched", "B"))
	breaks("M4 with a search that never arrived", newScript().joins(0).sends(0, "search", "").gone(0).
		returns(0, "", "idle", "", 0, 0).hears(0, "matched", "B"))
}

func endCases(holds, breaks addCase) {
	ended := func(s *script) *script {
		return s.returns(0, alias(1, "x"), "ended", alias(1, "x"), 0, 0).hears(0, "partner_disconnected", "").hears(0, "searching", "")
	}
	holds("M5 the same chat after a kill", chatting().fault(Killed).gone(0).gone(1).fault(Listening).
		returns(0, alias(1, "x"), "matched", alias(1, "x"), 1, 1))
	holds("M5 a side left", ended(chatting().gone(0).sends(1, "search", alias(0, "x"))))
	holds("M5 a session ended", chatting().sends(1, "end_chat", "").hears(0, "partner_disconnected", ""))
	holds("M5 an end_chat crosses the match", newScript().joins(0, 1, 2).searches(0, 2).meets(0, 2, "y").sends(0, "end_chat", "").
		leaves(2, 0, "y").searches(1).meets(0, 1, "x").says(0, 1, "x", 1).reads(1, 0, "x", 1).hears(0, "chat_ended", "").
		hears(1, "partner_disconnected", ""))
	holds("M5 closed with 1000", chatting().add(Event{Who: 1, Kind: Gone, CloseCode: 1000, Own: true}).hears(0, "partner_disconnected", ""))
	holds("M5 the window is over", chatting().gone(1).wait(5*time.Second).hears(0, "partner_disconnected", ""))
	holds("M5 a short sleep is over", chatting().add(Event{Who: 1, Kind: Sent, Type: "sleep", For: time.Second}).gone(1).
		wait(1100*time.Millisecond).hears(0, "partner_disconnected", ""))
	holds("M5 a legacy partner is lost", chatting(1).gone(1).hears(0, "partner_disconnected", ""))
	holds("M5 a restart with a legacy partner", ended(chatting(1).fault(Killed).gone(0).fault(Listening)))
	holds("M5 a legacy client filled the mailbox", chatting(0).gone(1).says(0, 1, "x", 2).says(0, 1, "x", 3).hears(0, "partner_disconnected", ""))
	breaks("M5 a legacy client wrote to an absent partner", chatting(0).gone(1).says(0, 1, "x", 2).hears(0, "partner_disconnected", ""))
	breaks("M5 a legacy client wrote much to a connected partner", chatting(0).says(0, 1, "x", 2).says(0, 1, "x", 3).hears(0, "partner_disconnected", ""))
	breaks("M5 the mailbox had room again", chatting(0).confirms(1, 0, "x", 1).wait(3*time.Second).gone(1).
		says(0, 1, "x", 2).says(0, 1, "x", 3).wait(2500*time.Millisecond).hears(0, "partner_disconnected", ""))
	holds("M5 over before it was heard of", unheard(5*time.Second).reads(1, 0, "x", 1).ends(1))
	breaks("M5 over too early, before it was heard of", unheard(time.Second).reads(1, 0, "x", 1).ends(1))
	breaks("M5 an end that a later absence does not excuse", chatting().wait(time.Second).hears(0, "partner_disconnected", "").
		gone(0).gone(1).wait(10*time.Second).returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).ends(1))
	breaks("M5 a chat is lost in a kill", ended(chatting().fault(Killed).gone(0).gone(1).fault(Listening)))
	breaks("M5 an end without a cause", chatting().hears(0, "partner_disconnected", ""))
	breaks("M5 the window is not over", chatting().gone(1).wait(time.Second).hears(0, "partner_disconnected", ""))
	breaks("M5 back before the window was over", chatting().gone(1).wait(time.Second).
		returns(1, alias(0, "x"), "matched", alias(0, "x"), 1, 1).wait(10*time.Second).hears(0, "partner_disconnected", ""))
}

func queueCases(holds, breaks addCase) {
	three := func() *script { return newScript().joins(0, 1, 2, 3).searches(0, 1, 2) }
	met := func(s *script, a, b int, round string) *script {
		return s.meets(a, b, round).says(a, b, round, 1).reads(b, a, round, 1)
	}
	holds("M6 in order", met(met(three(), 0, 1, "x").searches(3), 2, 3, "y"))
	holds("M6 the frame of the first is late", met(met(three().searches(3), 1, 2, "x").wait(time.Second), 0, 3, "y"))
	holds("M6 the first is away", met(newScript().joins(0, 1, 2, 3).searches(0).gone(0).searches(1, 2), 1, 2, "x").
		wait(10*time.Second))
	breaks("M6 the last two", met(three(), 1, 2, "x").wait(10*time.Second).searches(3).meets(0, 3, "y"))
	breaks("M6 the first is never matched", met(three(), 1, 2, "x").wait(10*time.Second).fault("over").sends(0, "ping", ""))

	tail := func() *script {
		return left().sends(0, "end_chat", "").hears(0, "chat_ended", "").joins(2, 3).
			returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).ends(1)
	}
	holds("M6 the first has a tail to confirm", met(tail().searches(2, 3), 2, 3, "y").wait(10*time.Second).sends(1, "ping", ""))
	holds("M6 the confirmation of the first is in transit", met(left().sends(0, "end_chat", "").hears(0, "chat_ended", "").joins(2, 3).
		returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).confirms(1, 0, "x", 2).ends(1).
		searches(2, 3), 2, 3, "y").wait(10*time.Second).sends(1, "ping", ""))
	breaks("M6 the first has confirmed its tail", met(tail().confirms(1, 0, "x", 2).wait(3*time.Second).searches(2, 3), 2, 3, "y").
		wait(10*time.Second).sends(1, "ping", ""))

	holds("M7 all are answered and matched", chatting().wait(time.Minute).fault(Quiet))
	holds("M7 one waits", chatting().joins(2).searches(2).wait(time.Minute).fault(Quiet))
	holds("M7 two wait that have just parted", chatting().leaves(0, 1, "x").wait(5*time.Second).fault(Quiet))
	breaks("M7 two wait that parted long ago", chatting().leaves(0, 1, "x").wait(time.Minute).fault(Quiet))
	holds("M7 late because of a kill", newScript().joins(0).sends(0, "search", "").fault(Killed).wait(3*time.Second).hears(0, "searching", ""))
	breaks("M7 late", newScript().joins(0).sends(0, "search", "").wait(3*time.Second).hears(0, "searching", ""))
	breaks("M7 never", newScript().joins(0).sends(0, "search", "").wait(3*time.Second).fault(Quiet))
	breaks("M7 two wait", newScript().joins(0, 1).searches(0, 1).wait(time.Minute).fault(Quiet))
	breaks("M7 matched to one side only", newScript().joins(0, 1).searches(0, 1).hears(0, "matched", "B").wait(time.Minute).fault(Quiet))
	breaks("M7 one side knows of the end", chatting().leaves(0, 1, "x").joins(2).searches(2).
		hears(1, "matched", "Q").wait(time.Minute).fault(Quiet))
}

func deliveryCases(holds, breaks addCase) {
	body := func(who int, chat string, n uint64, b Body) Event {
		return Event{Who: who, Kind: Heard, Type: "message", Chat: chat, N: n, Body: b}
	}
	holds("D1 from the partner", chatting())
	breaks("D1 to the former partner", chatting().joins(2).searches(2).leaves(0, 1, "x").meets(0, 2, "y").
		says(0, 2, "y", 1).add(body(1, alias(0, "x"), 2, Body{Who: 0, Chat: alias(2, "y"), Index: 1})))
	breaks("D1 from the former partner in a new chat", chatting().joins(2).searches(2).says(0, 1, "x", 2).leaves(0, 1, "x").
		meets(2, 1, "y").says(2, 1, "y", 1).reads(1, 2, "y", 1).add(body(1, alias(2, "y"), 2, Body{Who: 0, Chat: alias(1, "x"), Index: 2})))
	breaks("D1 from no writer", chatting().add(body(1, alias(0, "x"), 2, Body{})))
	breaks("D1 never written", chatting().reads(1, 0, "x", 2))
	breaks("D1 an alias that is not the current one", chatting().says(0, 1, "x", 2).add(body(1, "elsewhere", 2, Body{Who: 0, Chat: alias(1, "x"), Index: 2})))

	again := chatting().gone(1).returns(1, alias(0, "x"), "matched", alias(0, "x"), 1, 1)
	holds("D2 each once", chatting().says(0, 1, "x", 2).reads(1, 0, "x", 2))
	breaks("D2 twice, across a resume", again.reads(1, 0, "x", 1))
	again = left().returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).ends(1).gone(1)
	holds("D2 a tail whose ack was lost", again.returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).ends(1))
	again = left().returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).ends(1).gone(1)
	breaks("D2 a tail twice", again.returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).ends(1))
	again = unheard(5*time.Second).reads(1, 0, "x", 1).ends(1).gone(1)
	breaks("D2 a tail twice, as if from an unknown chat", again.returns(1, alias(0, "x"), "searching", "", 0, 0).
		hears(1, "matched", alias(0, "x")).reads(1, 0, "x", 1).ends(1))
	breaks("D2 twice, to a legacy client", chatting(1).reads(1, 0, "x", 1))

	two := func(old ...int) *script { return chatting(old...).says(0, 1, "x", 2).says(0, 1, "x", 3) }
	holds("D3 in order", two().reads(1, 0, "x", 2).reads(1, 0, "x", 3))
	holds("D3 a gap in its place", two().add(Event{Who: 1, Kind: Heard, Type: "gap", N: 2}).reads(1, 0, "x", 3))
	holds("D3 one missing, to a legacy client", two(1).reads(1, 0, "x", 3))
	breaks("D3 overtaken", two(1).reads(1, 0, "x", 3).reads(1, 0, "x", 2))
	holds("D3 a tail", unheard(5*time.Second).reads(1, 0, "x", 1).ends(1))
	breaks("D3 a tail that begins in the middle", left().says(0, 1, "x", 3).
		returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 3).ends(1))
	breaks("D3 a silent hole", two().reads(1, 0, "x", 3))

	holds("D4 acknowledged and received", two().reads(1, 0, "x", 2).reads(1, 0, "x", 3).acked(0, 3))
	holds("D4 not acknowledged", two())
	holds("D4 its receiver left", two().acked(0, 3).sends(1, "search", alias(0, "x")))
	holds("D4 its receiver stays away", two().acked(0, 3).gone(1).wait(10*time.Second).hears(0, "partner_disconnected", ""))
	holds("D4 its receiver has not returned", two().gone(1).acked(0, 3).wait(10*time.Second).hears(0, "partner_disconnected", ""))
	holds("D4 a gap for what was not acknowledged", two().acked(0, 1).gap(1, 3))
	holds("D4 a gap for a legacy client's message", chatting(0).says(0, 1, "x", 2).gap(1, 2))
	breaks("D4 a gap for what was acknowledged", two().reads(1, 0, "x", 2).acked(0, 3).gap(1, 3))
	holds("D4 a gap for a receiver that asked to leave", two().acked(0, 3).sends(1, "search", alias(0, "x")).gap(1, 3).hears(1, "searching", ""))
	breaks("D4 a gap, and then its receiver left", two().gap(1, 3).acked(0, 3).leaves(1, 0, "x"))
	breaks("D4 its receiver is back in the chat", two().gone(1).acked(0, 3).
		returns(1, alias(0, "x"), "matched", alias(0, "x"), 1, 1).reads(1, 0, "x", 2))
	breaks("D4 acknowledged on behalf of a legacy client", chatting(1).says(0, 1, "x", 2).acked(0, 2).gone(1).hears(0, "partner_disconnected", ""))
	breaks("D4 acknowledged and lost", two().reads(1, 0, "x", 2).acked(0, 3).fault(Killed))
	breaks("D4 acknowledged by resumed and lost", two().gone(0).returns(0, alias(1, "x"), "matched", alias(1, "x"), 3, 3))

	holds("D5 before the end", two().reads(1, 0, "x", 2).reads(1, 0, "x", 3).acked(0, 3).leaves(0, 1, "x"))
	holds("D5 a tail", left().returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).ends(1))
	holds("D5 its receiver left, and its socket was lost", two().acked(0, 3).sends(1, "search", alias(0, "x")).gone(1).
		returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).ends(1))
	breaks("D5 a tail is lost", left().returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).ends(1))
	breaks("D5 a tail is lost after the window", two().gone(1).acked(0, 3).wait(10*time.Second).hears(0, "partner_disconnected", "").
		returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).ends(1))
	breaks("D5 its receiver left a later chat", two().acked(0, 3).leaves(0, 1, "x").
		joins(2).searches(2).meets(1, 2, "y").leaves(1, 2, "y").sends(1, "end_chat", ""))
	breaks("D5 the end crosses Next", two().acked(0, 3).sends(1, "search", alias(0, "x")).leaves(0, 1, "x"))
	breaks("D5 after the end", two().reads(1, 0, "x", 2).leaves(0, 1, "x").reads(1, 0, "x", 3))
	breaks("D5 acknowledged and not before the end", two().reads(1, 0, "x", 2).acked(0, 3).leaves(0, 1, "x"))

	holds("D6 all is acknowledged", two().reads(1, 0, "x", 2).reads(1, 0, "x", 3).acked(0, 3).wait(time.Minute).fault(Quiet))
	breaks("D6 something is left over", two().reads(1, 0, "x", 2).acked(0, 2).wait(time.Minute).fault(Quiet))
	breaks("D6 a mailbox is not empty", chatting().fault(Quiet).add(Event{Who: Server, Kind: Fault, Type: Kept, Code: "3 messages"}))
	breaks("D6 a text on disk", chatting().add(Event{Who: Server, Kind: Fault, Type: Leaked, Code: "chatme.db-wal"}))
}

func resumeCases(holds, breaks addCase) {
	x := alias(1, "x")
	holds("S1 the same chat", chatting().gone(0).returns(0, x, "matched", x, 1, 1).acked(0, 1))
	holds("S1 the session was ended", chatting().sends(0, "end_chat", "").gone(0).returns(0, x, "ended", x, 0, 0))
	holds("S1 a chat that is over is named again", left().returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).reads(1, 0, "x", 2).ends(1).
		confirms(1, 0, "x", 2).gone(1).returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0).ends(1))
	breaks("S1 a chat that is over is forgotten", chatting().leaves(1, 0, "x").gone(0).returns(0, x, "searching", "", 0, 0))
	breaks("S1 an ack outside of a chat", chatting().says(0, 1, "x", 2).leaves(1, 0, "x").acked(0, 2))
	holds("S1 the session was ended before the resume was answered", chatting().gone(0).
		add(Event{Who: 0, Kind: Sent, Type: "auth", Resume: true, Chat: x}).hears(0, "auth_success", "").sends(0, "end_chat", "").
		add(Event{Who: 0, Kind: Heard, Type: "resumed", State: "matched", Chat: x, Recv: 1, Last: 1}).gone(0).
		add(Event{Who: 0, Kind: Sent, Type: "auth", Resume: true, Chat: x}).hears(0, "auth_success", "").
		add(Event{Who: 0, Kind: Heard, Type: "resume_failed", Code: "ended"}))
	waiting := func() *script { return newScript().joins(0).searches(0).gone(0) }
	holds("S1 a place is kept", waiting().returns(0, "", "searching", "", 0, 0))
	holds("S1 a place lapses", waiting().wait(30*time.Second).returns(0, "", "idle", "", 0, 0))
	holds("S1 a place lapses, and a dial fails in between", waiting().wait(30*time.Second).sends(0, "auth", "").gone(0).returns(0, "", "idle", "", 0, 0))
	breaks("S1 a place is lost", waiting().returns(0, "", "idle", "", 0, 0))
	breaks("S1 another chat", chatting().gone(0).returns(0, x, "matched", "other", 0, 0))
	breaks("S1 a chat is forgotten", chatting().gone(0).returns(0, x, "idle", "", 0, 0))
	breaks("S1 custody runs back", chatting().gone(0).returns(0, x, "matched", x, 0, 1))
	breaks("S1 the last number runs back", chatting().gone(0).returns(0, x, "matched", x, 1, 0))
	breaks("S1 custody of what was never sent", chatting().acked(0, 7))
	breaks("S1 an end is taken back", chatting().leaves(1, 0, "x").gone(0).returns(0, x, "matched", x, 1, 1))
	breaks("S1 the session is lost", chatting().gone(0).unknown(0, x))
	killed := func(s *script) *script { return s.fault(Killed).gone(0).fault(Listening) }
	holds("S1 a session that never searched ends with its socket", newScript().joins(0).gone(0).unknown(0, ""))
	holds("S1 a session that never searched is lost in a kill", killed(newScript().joins(0)).unknown(0, ""))
	holds("S1 a first search without an answer is lost in a kill", killed(newScript().joins(0).sends(0, "search", "")).unknown(0, ""))
	breaks("S1 a session in the queue is lost in a kill", killed(newScript().joins(0).searches(0)).unknown(0, ""))
	breaks("S1 a session in a chat is lost in a kill", killed(newScript().joins(0, 1).sends(0, "search", "").hears(0, "matched", x)).unknown(0, x))
	breaks("S1 a session that was resumed is lost in a kill", killed(newScript().joins(0).sends(0, "search", "").gone(0).
		returns(0, "", "idle", "", 0, 0)).unknown(0, ""))
	breaks("S1 a later search without an answer is lost in a kill", killed(newScript().joins(0).searches(0).sends(0, "search", "")).unknown(0, ""))

	holds("S2 each its own", newScript().joins(0).add(Event{Who: 1, Kind: Heard, Type: "session_id", Session: "a"}).
		add(Event{Who: 2, Kind: Heard, Type: "session_id", Session: "b"}))
	breaks("S2 two with one", newScript().add(Event{Who: 1, Kind: Heard, Type: "session_id", Session: "a"}).
		add(Event{Who: 2, Kind: Heard, Type: "session_id", Session: "a"}))
	breaks("S2 in a frame to the partner", chatting().add(Event{Who: 1, Kind: Heard, Type: "typing_start", Secret: true}))
}
