// Package tail lets an operator watch a running server: what happens is published to a Feed, and whoever listens gets it
// as lines of JSON.
//
//	hub, ws, server → Feed.Publish → a ring for each listener → GET /tail on the admin socket
//
// Nobody is ever held up by it. When nobody listens an event costs the load of one pointer: the publisher asks Active
// before it makes the event. When somebody does, the event goes into the listener's ring or, if that is full, is counted
// as lost, and the listener is told how many were.
//
// An event names sessions as the log does, by s_ and eight digits, and its figures are sizes, times and codes. It MUST NOT
// hold a body, a key, a session ID or an address.
package tail
