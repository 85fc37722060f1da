//go:build mutants

package ws

import "chatme/internal/chat"

// settlesEarly has the pong of an earlier ping count as that of the newest, for TestSettleNotByAnEarlierPing to find.
var settlesEarly = chat.Seeded("pong-of-earlier")
