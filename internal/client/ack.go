package client

import "time"

// A good client acknowledges what it receives within ackWithin, and every ackEach messages at once ("Custody" in the protocol).
const (
	AckWithin = 250 * time.Millisecond
	AckEach   = 16
)
