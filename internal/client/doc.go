// Package client is a client of the protocol for programs that test, probe, torture and measure a server. It
// speaks the wire and nothing else, so it runs against any server of it, as an old client or as a resumable one.
//
//	c, err := client.Dial(ctx, url, client.Options{APIKey: key})   // auth is on its way
//	hello, err := c.Greet(ctx)                                     // session_id
//	err = c.Search()
//	m, err := c.Await(ctx, "matched")
//	n, err := c.Send("hello")                                      // n counts within the chat
//	c.Drop()                                                       // the socket is gone
//	c, err = client.Dial(ctx, url, c.Resume())                     // the same session
//
// # What it does by itself
//
// It answers WebSocket pings and close frames (RFC 6455, sections 5.5.2 and 5.5.1), numbers what it sends, and
// keeps the State a resume needs. It does nothing else unasked: it never searches, acknowledges, sends again or
// reconnects, and it delivers what a good client would drop, so that a test sees all that the server does.
//
// A ping that carries a number, by which the server learns what an old client has seen, is answered once the caller
// has taken all that came before it; any other at once.
//
// # Where the state stands
//
// State is what the caller has taken with Recv (Expect, Await and Greet call it), not what has reached the socket:
// a message left in the buffer when the socket goes has not arrived. So Next leaves the chat the caller knows of,
// and a resume claims what the caller has seen.
//
// # Reading
//
// One goroutine a Client reads the socket into a buffer of Options.Buffer messages. When that is full it stops
// reading, and with it the answering of pings: to the server this is a reader that is slow.
//
// # Queued writing
//
// By default a frame is written by the goroutine that sends it, in fragments, and a pong goes out at once, between two
// fragments if need be: as browsers may do. With Options.Queued one goroutine writes whole messages from a queue, a pong
// overtakes what waits behind the message that is being written, and of several pings only the newest is answered (RFC 6455, section 5.5.3): as OkHttp does.
//
// The package MUST NOT know of the server's insides: it imports protocol for what the wire says, and the laws are
// judged by its callers.
package client
