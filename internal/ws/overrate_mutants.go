//go:build mutants

package ws

import "chatme/internal/chat"

// dropsOverRate makes a reader drop the next frame instead of waiting, for TestOverARateNothingIsDropped to find.
var dropsOverRate = chat.Seeded("drops-over-rate")
