package main

import "time"

// A good client acknowledges what it receives within ackWithin, and every ackEach messages at once ("Custody" in the protocol).
const (
	ackWithin = 250 * time.Millisecond
	ackEach   = 16
)
