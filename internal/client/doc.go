// Package client implements a client of the protocol for programs that test, probe, torture and measure a server. It
// speaks only the wire protocol, so it runs against any server of it, as a legacy or a resumable client.
//
//	c, err := client.Dial(ctx, url, client.Options{APIKey: key})   // sends auth
//	hello, err := c.Greet(ctx)                                     // session_id
//	err = c.Search()
//	m, err := c.Await(ctx, "matched")
//	n, err := c.Send("hello")                                      // n counts within the chat
//	c.Drop()                                                       // cuts the socket
//	c, err = client.Dial(ctx, url, c.Resume())                     // the same session
//
// # What it does unasked
//
// It answers WebSocket pings and close frames (RFC 6455, sections 5.5.2 and 5.5.1), numbers what it sends, and
// keeps the State that a resume needs. It does nothing else unasked: it never searches, acknowledges, resends or
// reconnects, and it delivers what a good client would drop, so that a test sees everything the server does.
//
// It answers a ping with a number, by which the server learns what a legacy client has seen, once the caller has taken all
// messages before it, and any other ping at once.
//
// # State
//
// State reflects what the caller has taken with Recv (Expect, Await and Greet call it), not what has reached the socket:
// a message left in the buffer when the socket ends has not arrived. So Next leaves the chat that the caller knows, and a
// resume claims what the caller has seen.
//
// # Reading
//
// One goroutine per Client reads the socket into a buffer of Options.Buffer messages. While the buffer is full it neither
// reads nor answers pings: to the server this is a slow reader.
//
// # Queued writing
//
// By default the sending goroutine writes a frame, in fragments, and a pong is written at once, between two fragments if
// necessary, as browsers may do. With Options.Queued one goroutine writes whole messages from a queue, a pong overtakes
// what waits behind the message being written, and of several pings only the newest is answered (RFC 6455, section
// 5.5.3), as OkHttp does.
//
// The package MUST NOT know the server's internals: it imports protocol for the wire format, and its callers judge the laws.
package client
