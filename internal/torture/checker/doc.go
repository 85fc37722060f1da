// Package checker decides, from what its clients saw, whether a server kept the promises of the protocol.
//
//	r := checker.NewRecorder()                       // one clock for all clients
//	r.Add(checker.Event{Who: 7, Kind: checker.Sent, Type: "search"})
//	r.Add(checker.Hear(7, false, &message))
//	result := checker.Check(r.Events(), checker.Limits{ChatWindow: 2 * time.Minute})
//
// A client's event is recorded before its frame is sent and after a frame is received, so the history is in an order
// that the server may have seen. The outcome of a message is as in Jepsen: ok once it is acknowledged (or, from a
// legacy client, heard), fail if it was refused, unknown otherwise.
//
// The two sides of a chat are told different aliases. Each body names its writer and the alias by which the writer
// knows its partner, so the first body heard links the two sides. If nothing was ever heard in a chat, at most one side
// is known, and Result.Unjudged counts what would need the other.
//
// Clients must behave: on resume they claim what they have received, they name the chat they leave, and they forget a
// session that they closed with 1000. The server must have no other clients.
//
// Restoring the database from a copy (Restored) ends every chat and undoes what was acknowledged since the copy was
// made; Result.Undone counts that. Everything else is judged as usual: what the copy holds reaches the session it was
// written to, at most once, and no other.
//
// The package MUST NOT know the server's internals: it judges only what came over the wire.
package checker
