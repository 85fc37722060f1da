package ws

import (
	"time"

	"chatme/internal/chat"
)

const (
	// waitsSpan is the time over which a socket's waits are added up.
	waitsSpan  = 90 * time.Second
	waitsParts = 10
	waitsPart  = waitsSpan / waitsParts
)

// waits adds up how long a reader has waited in the last waitsSpan, to a part of it.
type waits struct {
	part int64              // number of the current part of server time
	ms   [waitsParts]uint16 // by the number of the part, modulo waitsParts
}

// add adds a wait that ended at now, and returns the sum.
func (w *waits) add(now chat.Time, wait time.Duration) (sum time.Duration) {
	part := int64(now) / waitsPart.Milliseconds()
	if part-w.part >= waitsParts {
		w.ms = [waitsParts]uint16{}
		w.part = part
	}
	for ; w.part < part; w.part++ {
		w.ms[(w.part+1)%waitsParts] = 0
	}
	// A wait longer than a part counts as one: no single wait may close a socket.
	w.ms[part%waitsParts] += uint16(min(wait, waitsPart).Milliseconds())
	for _, ms := range w.ms {
		sum += time.Duration(ms) * time.Millisecond
	}
	return sum
}
