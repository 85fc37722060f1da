package checker

// restoreCases are histories in which the database was restored from an older copy. Every chat is over, and what was
// acknowledged since may be lost; but nothing reaches a third session, or arrives twice.
func restoreCases(holds, breaks addCase) {
	x, y := alias(1, "x"), alias(0, "x")
	restored := func(s *script) *script {
		return s.fault(Killed).gone(0).gone(1).fault(Restored).fault(Listening)
	}
	ended := func(s *script, who int, chat string) *script {
		return s.returns(who, chat, "ended", chat, 0, 0).ends(who)
	}
	both := func(s *script) *script { return ended(ended(s, 0, x), 1, y) }
	unread := func() *script { return chatting().gone(1).says(0, 1, "x", 2).acked(0, 2) }

	holds("M5 the database was restored", both(restored(chatting())))
	breaks("M5 it was not restored in between", restored(ended(chatting().fault(Killed).gone(0).gone(1).fault(Listening), 0, x)))
	// A frame of the killed server may be read after the database was restored, over a slow link.
	late := func(s *script) *script { return s.fault(Killed).fault(Restored) }
	holds("M5 a match is read after the database was restored", ended(ended(late(newScript().joins(0, 1).searches(0, 1)).
		meets(0, 1, "x").says(0, 1, "x", 1).reads(1, 0, "x", 1).gone(0).gone(1).fault(Listening), 0, x), 1, y))
	breaks("M5 a match on a socket opened after the database was restored", ended(newScript().fault(Restored).fault(Listening).joins(0, 1).searches(0, 1).
		meets(0, 1, "x").says(0, 1, "x", 1).reads(1, 0, "x", 1).gone(0).gone(1), 0, x))
	holds("S1 a session is read after the database was restored", late(newScript().sends(0, "auth", "").hears(0, "auth_success", "")).
		hears(0, "session_id", "").hears(0, "searching", "").gone(0).fault(Listening).sends(0, "auth", "").
		add(Event{Who: 0, Kind: Heard, Type: "resume_failed", Code: "unknown"}))
	holds("S1 a resume is read after the database was restored", late(chatting().gone(0).sends(0, "auth", "").
		hears(0, "auth_success", "")).add(Event{Who: 0, Kind: Heard, Type: "resumed", State: "matched", Chat: x, Recv: 1, Last: 1}))
	holds("D4 custody is undone", both(restored(unread())))
	breaks("D5 custody is lost in a kill", both(unread().sends(1, "auth", "").fault(Killed).gone(0).gone(1).fault(Listening)))
	holds("D4 a gap after a restore", restored(unread()).returns(1, y, "ended", y, 0, 0).gap(1, 2).ends(1))
	holds("D5 a tail again after a second restore", restored(ended(restored(unread()), 1, y)).
		returns(1, y, "ended", y, 0, 0).reads(1, 0, "x", 2).ends(1))
	breaks("D5 a tail again after a kill", ended(restored(unread()), 1, y).fault(Killed).gone(0).gone(1).fault(Listening).
		returns(1, y, "ended", y, 0, 0).reads(1, 0, "x", 2).ends(1))
	holds("D1 a tail after a restore", restored(unread()).returns(1, y, "ended", y, 0, 0).reads(1, 0, "x", 2).ends(1))
	breaks("D1 to a third client after a restore", restored(chatting().joins(2).searches(2).gone(1).says(0, 1, "x", 2)).
		add(Event{Who: 2, Kind: Heard, Type: "message", Chat: "A2", N: 1, Body: Body{Who: 0, Chat: x, Index: 2}}))
	breaks("D2 again after a restore", restored(unread().returns(1, y, "matched", y, 1, 1).reads(1, 0, "x", 2)).
		returns(1, y, "ended", y, 0, 0).reads(1, 0, "x", 2).ends(1))

	holds("S1 a session that the copy does not know", restored(chatting()).unknown(0, x))
	breaks("S1 a session that existed after the restore", ended(restored(chatting()), 0, x).gone(0).unknown(0, x))
	holds("S1 a place that the copy does not know", newScript().joins(0).searches(0).fault(Killed).gone(0).fault(Restored).returns(0, "", "idle", "", 0, 0))
	breaks("S1 a chat continues after a restore", restored(chatting()).returns(0, x, "matched", x, 1, 1))

	hello := func(s *script, who int, epoch string) *script {
		return s.sends(who, "auth", "").add(Event{Who: who, Kind: Heard, Type: "session_id", Epoch: epoch})
	}
	two := func() *script { return hello(hello(newScript(), 0, "a"), 1, "a") }
	holds("S3 one epoch, and another after a restore", hello(hello(two().fault(Restored), 2, "b"), 3, "b"))
	holds("S3 a frame from before it is read late", two().sends(2, "auth", "").fault(Restored).
		add(Event{Who: 2, Kind: Heard, Type: "session_id", Epoch: "a"}))
	holds("S3 a dial from before it is answered after", hello(two().sends(2, "auth", "").fault(Restored).
		add(Event{Who: 2, Kind: Heard, Type: "session_id", Epoch: "b"}), 3, "b"))
	breaks("S3 the same epoch after a restore", hello(two().fault(Restored), 2, "a"))
	breaks("S3 another epoch after a kill", hello(two().fault(Killed).fault(Listening), 2, "b"))
	breaks("S3 an epoch returns", hello(hello(two().fault(Restored), 2, "b").fault(Restored), 3, "a"))
}
