// Package chat is the domain: who is waiting, who is paired with whom, and what each of them is to be told.
//
// It is a pure state machine. Lobby.Step takes a Moment and one Command and returns Events; the rows that changed are
// collected with Lobby.Flush. What a socket knows of its client is asked of it (Lobby.Sees). There is no goroutine, lock,
// clock, randomness, context or I/O in this package, and it MUST NOT know of sockets, JSON, SQL or the secret behind a
// session's hash.
//
// # Laws
//
// Each law has a test that names it.
//
//	L1  A session is in exactly one state: idle, waiting or paired. Attached/away is orthogonal.
//	L2  Pairs are symmetric; nobody is their own partner.
//	L3  The oldest waiting session that is present, alive (heard within 12 s) and eligible is matched first; no two
//	    that may meet both wait.
//	L4  NOTHING IS DELIVERED BEFORE THE CHANGE IT TELLS OF IS COMMITTED.
//	L5  After every commit, what the store loads equals the durable part of the lobby as of that batch.
//	L6  Events to one session arrive in the order the lobby made them.
//	L7  At most one Conn a session; whatever a fenced Conn still says is ignored.
//	L8  A body is delivered only inside the pair that was current when it was accepted.
//	L9  Whoever was told searching or partner_disconnected is durably in the queue (until it is matched,
//	    leaves, or its place lapses while away).
//	L10 Quiet means quiet: heartbeats, typing and messages between two present sessions commit nothing.
//
// # Custody
//
// A message to a partner who is attached and can come back is relayed and kept in a ring until the partner confirms
// it; nothing is written. Once the partner's socket is gone everything unconfirmed becomes letters in its mailbox, and
// so does what is said from then on: a letter is part of the batch, and the sender hears that custody has passed when
// the batch is committed (Committed). Whoever comes back is told to replay its letters, from disk and before anything
// live; they are deleted when it confirms them. Of a chat that is over the letters stay as a tail, which must be
// confirmed before the next match. A number without a body shows as a gap in its place, and never as nothing.
//
// # Legacy clients
//
// A legacy client cannot name the chat it writes to. Between two chats it is not settled: a ping goes behind what it was
// told, and until it has answered that, and nothing else has come meanwhile, its words are dropped and it is not matched
// (settle.go, pulse.go). Only one whose pings are eaten on the way is settled by time.
//
// # How durability shows here
//
// A session's durable part is one Record, one row, and its letters. Step marks the records it changes; Flush hands
// out the net rows since the last Flush under a batch number. Every Event carries in After the batch it depends on, and
// the caller MUST hold it back until that batch is committed. Because a batch holds the last state of each
// row and not the steps between, whoever is queued and matched within one batch is written once.
package chat
