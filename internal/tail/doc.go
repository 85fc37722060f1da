// Package tail lets an operator watch a running server: events are published to a Feed, and listeners receive them as lines
// of JSON.
//
//	hub, ws, server → Feed.Publish → a ring for each listener → GET /tail on the admin socket
//
// A tail never blocks the server. Without listeners an event costs one pointer load: the publisher calls Active before it
// makes the event. Otherwise the event goes into each listener's ring or, if that is full, is counted as lost, and the
// listener is told how many were.
//
// An event names sessions as the log does, by s_ and eight digits, and networks by a tag of the day. Its numbers are sizes,
// times and codes. It MUST NOT
// hold a body, a key, a session ID or an address.
package tail
