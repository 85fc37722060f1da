// Package ws is one WebSocket connection (RFC 6455): upgrade, read, write, keep-alive, close.
//
//	read    one goroutine a connection: frame → protocol.Decode → Hub.Do, strictly in order
//	room    what the reader waits for: room in the outbox of the partner, or in its own
//	outbox  bounded; what the hub delivers, held back until its batch is committed
//	write   a goroutine that lives only while the outbox has something that may leave
//	replay  part of write: the letters of a mailbox, one at a time from disk, with what came since behind them
//	pings   numbered, so that the lobby learns how far a client has read, and when it was heard
//	patrol  one goroutine for all connections: pings, silence, deadlines
//
// gorilla/websocket does the framing. A reader that is slow, or an outbox that waits for the disk, holds up the next
// message of its partner and nothing else: Next, end, typing and ping go through.
//
// A session ID is a bearer secret: a Conn keeps it until it is told, or until the replay that it opens is over.
//
// ws MUST NOT know who is paired with whom, and MUST NOT log a body, a key, a session ID or an address.
package ws
