package ws

import (
	"time"

	"chatme/internal/network"
)

// Rates are what one socket may do. Over a rate nothing is dropped: the reader of the socket waits. A zero Rate sets no
// limit.
type Rates struct {
	Frames   network.Rate // text and binary ones
	Messages network.Rate
	Bytes    network.Rate // of payload
	Pings    network.Rate // ping messages, and frames of an unknown type

	Typing time.Duration // between two typing_start that are forwarded
	Auths  int           // after the first; one more is closed with 1008
	Waits  time.Duration // how long the socket may wait at these rates within waitsSpan; then it is closed with 4429

	Pace int64 // bytes a second at which a frame must arrive once it is longer than paceFrom
}

// isComplete reports whether every limit is set that must be.
func (r *Rates) isComplete() bool {
	return r.Auths > 0 && r.Waits > 0 && r.Waits <= waitsSpan && r.Pace > 0
}
