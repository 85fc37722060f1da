// Package ws is one WebSocket connection (RFC 6455): upgrade, read, write, keepalive, close.
//
//	read       a poller, or one goroutine per connection: frame → protocol.Decode → Hub.Do, strictly in order
//	room       what the reader waits for: room in the outbox of the partner, or in its own
//	outbox     bounded; events from the hub, held back until their batch is committed
//	write      what may leave the outbox; in a goroutine of its own once the socket would block
//	replay     part of write: the messages of a mailbox, one at a time from disk, with later events behind them
//	pings      numbered, so that the lobby learns how far a client has read, and when it was last heard
//	budget     memory for large frames, of all connections and of each network
//	account    what a socket has used of its rates: over one, its reader waits before it reads more
//	neighbors  the rates that the sockets of a network, or of a session, share
//	typing     is thinned out
//	keepalive  one goroutine for all connections: pings, silence, deadlines
//	enter      which upgrade is refused, and whose socket makes room for it
//	guest      a socket that has not authenticated
//
// gorilla/websocket does the framing. A slow reader, or an outbox that waits for the disk, delays the next message of
// its partner and nothing else: Next, end, typing and ping go through. A client over its own rate waits with all of them.
//
// A session ID is a bearer secret: a Conn keeps it until the session has its row, whose mail key is derived from the ID at
// the first search, or until the replay that it opens is over.
//
// ws MUST NOT know which sessions are paired, and MUST NOT log a body, a key, a session ID or an address.
package ws
