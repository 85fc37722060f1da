package config

// What follows the memory limit, where nobody has set it: one part in so many of the limit, and never more than the
// default. Beside a frame that is read or written, and one in a ring, a server needs memory for SQLite, which seals and
// stores a letter, and for itself.
const (
	framesPart = 4
	ringsPart  = 4
	queuePart  = 16

	leastQueue = Bytes(1 << 20)
	// bodyOverhead is what a ring needs beyond its largest message.
	bodyOverhead = Bytes(64 << 10)
)

// fit lowers what nobody has set to what a process that may use so many bytes of memory can bear; 0: any number. There
// is always room for one largest frame.
func (c *Config) fit(memory int64, settings []Setting) {
	if memory <= 0 {
		return
	}
	for _, follower := range []struct {
		env   string
		value *Bytes
		part  int64
		least Bytes
	}{
		{"CHATME_IN_FLIGHT_MAX", &c.InFlightMax, framesPart, c.FrameMax},
		{"CHATME_RING_BYTES", &c.RingBytes, ringsPart, c.FrameMax + bodyOverhead},
		{"CHATME_RING_TOTAL", &c.RingTotal, ringsPart, c.FrameMax + bodyOverhead},
		{"CHATME_QUEUED_BYTES", &c.QueuedBytes, queuePart, leastQueue},
	} {
		for i := range settings {
			if s := &settings[i]; s.Env == follower.env && s.From == fromDefault {
				*follower.value = min(*follower.value, max(Bytes(memory/follower.part), follower.least))
				s.Value = follower.value.String()
			}
		}
	}
}
