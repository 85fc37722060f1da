package config

// overhead is the part of a memory limit that a server needs for itself, and to seal, store, read and open one large
// message at a time. Two fifths of the rest are for frames in flight, and two fifths for the rings.
const (
	overhead    = Bytes(96 << 20)
	shareOfFive = 2

	queuePart  = 16
	leastQueue = Bytes(1 << 20)
	// bodyOverhead is what a ring needs in addition to its largest message.
	bodyOverhead = Bytes(64 << 10)

	// withoutLetters is what a server needs with one frame in flight and one in a ring.
	withoutLetters = Bytes(60 << 20)
	// letterCopies is how many copies of a message are in memory while it is sealed and stored.
	letterCopies = 4
	leastLetter  = Bytes(256 << 10)
)

// fit lowers the limits that are not set to what fits into memory, in bytes; 0: no limit. There is always room for one
// largest frame.
func (c *Config) fit(memory Bytes, settings []Setting) {
	if memory <= 0 {
		return
	}
	part := (memory - overhead) / 5 * shareOfFive
	for _, follower := range []struct {
		env   string
		value *Bytes
		most  Bytes
	}{
		{"CHATME_IN_FLIGHT_MAX", &c.InFlightMax, max(part, c.FrameMax)},
		{"CHATME_RING_BYTES", &c.RingBytes, max(part, c.FrameMax+bodyOverhead)},
		{"CHATME_RING_TOTAL", &c.RingTotal, max(part, c.FrameMax+bodyOverhead)},
		{"CHATME_QUEUED_BYTES", &c.QueuedBytes, max(memory/queuePart, leastQueue)},
		{"CHATME_LETTER_MAX", &c.LetterMax, max((memory-withoutLetters)/letterCopies, leastLetter)},
	} {
		for i := range settings {
			if s := &settings[i]; s.Env == follower.env && s.From == fromDefault {
				*follower.value = min(*follower.value, follower.most)
				s.Value = follower.value.String()
			}
		}
	}
}
