//go:build mutants

package protocol

import "chatme/internal/chat"

// cleansCopy blanks the metadata in a copy of the image, and relays the original, for TestStripPolicies to find.
var cleansCopy = chat.Seeded("cleans-copy")
