//go:build mutants

package ws

import "chatme/internal/chat"

// settlesEarly makes the pong of an earlier ping count as that of the newest, for TestSettleNotByAnEarlierPing to find.
var settlesEarly = chat.Seeded("pong-of-earlier")
