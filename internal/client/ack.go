package client

import "time"

// A good client acknowledges what it receives within AckWithin, and at once after every AckEach messages ("Custody" in the
// protocol).
const (
	AckWithin = 250 * time.Millisecond
	AckEach   = 16
)
