//go:build mutants

package ws

import "chatme/internal/chat"

// dropsOverRate makes a reader drop the next frame instead of waiting, for TestOverARateNothingIsDropped to find.
var dropsOverRate = chat.Seeded("drops-over-rate")

// waitsInVain makes the reader of a session wait for a search that changed nothing, for TestVainSearchWaitsForNothing to find.
var waitsInVain = chat.Seeded("waits-in-vain")
