// Package chat is the domain: which sessions wait, which are paired with each other, and what each of them is told.
//
// It is a pure state machine. Lobby.Step takes a Moment and one Command and returns Events; Lobby.TakeBatch collects
// the rows that changed. Lobby.Sees sets the function that reports what a socket knows about its client. There is no
// goroutine, lock, clock, randomness, context or I/O in this package, and it MUST NOT know of sockets, JSON, SQL or the
// secret behind a session's hash.
//
// # Laws
//
// Each law has a test that names it.
//
//	L1  A session is in exactly one state: idle, waiting or paired. Attached/away is orthogonal.
//	L2  Pairs are symmetric; no session is its own partner.
//	L3  Two sessions that are present, alive and may meet never both wait. A session that becomes available meets the
//	    oldest late one that it may meet; without one the oldest with a topic in common, and then the oldest.
//	L4  NOTHING IS DELIVERED BEFORE THE CHANGE IT REPORTS IS COMMITTED.
//	L5  After every commit, what the store loads equals the durable part of the lobby as of that batch.
//	L6  Events to one session arrive in the order in which the lobby made them.
//	L7  A session has at most one Conn; whatever a fenced Conn still sends is ignored.
//	L8  A body is delivered only inside the pair that was current when it was accepted.
//	L9  A session that was told searching or partner_disconnected is durably in the queue (until it is matched,
//	    leaves, or its place lapses while away).
//	L10 Heartbeats, typing and messages between two present sessions commit nothing.
//	L11 A present, alive session is matched at the latest with the first that it may meet and that becomes available
//	    after its tenth second.
//	L13 Each side of a new pair was heard within the last 12 s; a client whose pings are swallowed, within 65 s.
//
// Two sessions may meet if neither is a recent partner of the other, they have a language in common or one names none, and
// they have a topic in common or both are open to others. A session is open if it has no topics or has waited 5 s, and late
// after 10 s: one that is late is enough instead of a topic, two instead of a language or a new face (meet.go).
//
// # Custody
//
// A message to a partner that is attached and resumable is relayed and kept in a ring until the partner confirms it;
// nothing is written. When the partner's socket is lost, everything unconfirmed becomes entries in its mailbox, and so
// does every later message. An entry is part of the batch, and the sender is told that custody has passed when the batch
// is committed (Committed). A session that resumes first gets a replay of its entries from disk, before anything live;
// they are deleted when it confirms them. The entries of a chat that is over stay as a tail, which must be confirmed
// before the next match. A number without a body always shows as a gap in its place.
//
// # Legacy clients
//
// A legacy client cannot name the chat it writes to. Between two chats it is unsettled: a ping follows the end of the
// chat, and until the client has answered it with nothing else arriving meanwhile, its messages are dropped and it is
// not matched (settle.go, pulse.go). Only a client whose pings are swallowed on the way is settled by time.
//
// # How durability shows here
//
// A session's durable part is one Record, one row, and its mailbox entries. Step marks the records it changes; TakeBatch
// returns the net rows since the last TakeBatch under a batch number. Every Event carries in After the batch it depends
// on, and the caller MUST hold it back until that batch is committed. A batch holds the last state of each row and not
// the steps between, so a session that is queued and matched within one batch is written once.
package chat
