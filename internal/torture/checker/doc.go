// Package checker decides whether a server of the protocol kept its promises, from what its clients saw.
//
//	r := checker.NewRecorder()                       // one clock for all clients
//	r.Add(checker.Event{Who: 7, Kind: checker.Sent, Type: "search"})
//	r.Add(checker.Hear(7, false, &message))
//	result := checker.Check(r.Events(), checker.Limits{ChatWindow: 2 * time.Minute})
//
// A client's event is recorded before its frame is sent and after a frame is taken, so that the order of the history
// is one that the server may have seen. What becomes of a message is as in Jepsen: ok once it is acknowledged (or,
// from an old client, heard), fail if it was refused, unknown otherwise.
//
// The two sides of a chat are told different aliases. Each body says who wrote it and by which alias the writer knows
// its partner; so the first body heard shows which two sides belong together. Of a chat in which nothing was ever heard
// no more than one side is known: what would need the other is counted in Result.Unjudged.
//
// Clients must be good: they claim on resume what they have taken, name the chat they leave, and forget a session that
// they closed with 1000. Nobody else may use the server.
//
// A database that is put back from a copy (Restored) ends every chat, and undoes what was acknowledged since the copy was
// made: that is counted in Result.Undone. All else is judged as ever, so that what the copy holds reaches those it was
// written to, once, or nobody.
//
// The package MUST NOT know of the server's insides: all it judges came over the wire.
package checker
