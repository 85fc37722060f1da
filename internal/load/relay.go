package load

import (
	"context"
	"strconv"
	"time"

	"chatme/internal/client"
)

const (
	// warmUp is not measured: caches, the heap and the pace of the two ends settle.
	warmUp = 500 * time.Millisecond
	// pairWithin bounds the matching of all pairs, arrivesWithin the delivery of what was sent, on an idle machine, which
	// takes a tenth of it.
	pairWithin    = 30 * time.Second
	arrivesWithin = 30 * time.Second
	// ackSoon is within the 250 ms that a client has.
	ackSoon = int64(client.AckWithin * 4 / 5)
)

// relayLoad is clients that chat in pairs. Only the server knows the pairs; here they do not matter.
type relayLoad struct {
	loop  *Loop
	conns []*Conn
	size  int
	echo  bool // a client that receives a message sends the next

	every         int64 // between two messages of all clients; 0: no fixed rate
	begin, spoken int64 // the first one was due at begin
	last          int64 // nothing is due from then on

	matched   int
	said      int
	heard     int        // all of them
	counted   int        // while latencies is set
	latencies *Histogram // nil: nothing is counted
	acks      delays
}

// newRelayLoad connects clients and gets them matched.
func (b *bench) newRelayLoad(ctx context.Context, pairs int) (*relayLoad, error) {
	conns, _, err := b.arrival(ctx, 2*pairs, false)
	if err != nil {
		return nil, err
	}
	r := &relayLoad{loop: b.loop, conns: conns, size: b.cmd.Size, last: notDue}
	b.loop.always(r.acknowledges)
	for _, c := range conns {
		c.Hears = r.hears
		c.Say(`{"type":"search"}`)
	}
	return r, b.loop.RunUntil(ctx, pairWithin, "matching", func() bool { return r.matched == len(conns) })
}

func (r *relayLoad) hears(c *Conn, m *Heard) {
	switch string(m.Kind) {
	case "matched":
		c.partner, c.sent, c.got = string(m.partnerID), 0, 0
		c.speech = newSpeech(c.old, c.partner, r.size)
		r.matched++
	case "message":
		now := r.loop.now()
		r.heard++
		if at, ok := spokenAt(m.text); ok && r.latencies != nil {
			r.latencies.add(now - at)
			r.counted++
		}
		if !c.old {
			r.notes(c, m.n, now)
		}
		if r.echo {
			r.says(c, now)
		}
	}
}

// says sends the next message of c, which was due at the given moment.
func (r *relayLoad) says(c *Conn, at int64) {
	c.sent++
	r.said++
	c.write(c.speech.frame(c.sent, at))
}

// notes records that message n is to be acknowledged.
func (r *relayLoad) notes(c *Conn, n uint64, now int64) {
	c.got = n
	c.unacked++
	switch {
	case c.unacked >= client.AckEach:
		r.ack(c)
	case c.dueBy == 0:
		c.dueBy = now + ackSoon
		r.acks.add(c, c.dueBy)
	}
}

func (r *relayLoad) ack(c *Conn) {
	var object [128]byte
	text := append(object[:0], `{"type":"ack","partnerId":"`...)
	text = append(text, c.partner...)
	text = append(text, `","got":`...)
	text = append(strconv.AppendUint(text, c.got, 10), '}')
	r.loop.scratch = appendFrame(r.loop.scratch[:0], opText, text)
	c.write(r.loop.scratch)
	c.unacked, c.dueBy = 0, 0
}

// acknowledges acknowledges what has waited long enough.
func (r *relayLoad) acknowledges(now int64) int64 {
	return r.acks.due(now, func(c *Conn, by int64) {
		if c.dueBy == by && c.stage == greetedStage {
			r.ack(c)
		}
	})
}

// speaks sends what is due at the fixed rate, one client after the other. A message that is late, because the load or the
// server was, counts from when it was due.
func (r *relayLoad) speaks(int64) int64 {
	for now := r.loop.now(); ; r.spoken++ {
		due := r.begin + r.spoken*r.every
		if due >= r.last {
			return notDue
		}
		if due > now {
			return due
		}
		r.says(r.conns[int(r.spoken)%len(r.conns)], due)
	}
}

// starts makes the clients send, at the rate if there is one, otherwise each when it receives a message.
func (r *relayLoad) starts(rate int) {
	if rate > 0 {
		r.every, r.begin = int64(time.Second)/int64(rate), r.loop.now()
		r.loop.always(r.speaks)
		return
	}
	r.echo = true
	for _, c := range r.conns {
		r.says(c, r.loop.now())
	}
}

// ends waits until all messages that were sent have arrived.
func (r *relayLoad) ends(ctx context.Context) error {
	r.echo, r.last = false, 0
	return r.loop.RunUntil(ctx, arrivesWithin, "delivery of the messages", func() bool { return r.heard == r.said })
}

type relayLine struct {
	benchHead
	Pairs     int     `json:"pairs"`
	Rate      int     `json:"rate,omitempty"` // messages due in a second
	Bytes     int     `json:"bytes"`
	Seconds   float64 `json:"seconds"`
	Messages  int     `json:"messages"`
	PerSecond float64 `json:"messages_per_second"`
	P50       int64   `json:"p50_us"`
	P99       int64   `json:"p99_us"`
	Max       int64   `json:"max_us"`
	spent
	CPUPer1000 *float64 `json:"cpu_s_per_1000,omitempty"`
}

// relay measures pairs that chat.
func (b *bench) relay(ctx context.Context, pairs int) (*relayLine, error) {
	r, err := b.newRelayLoad(ctx, pairs)
	if err != nil {
		return nil, err
	}
	r.starts(b.cmd.Rate)
	if err := b.loop.runFor(ctx, warmUp); err != nil {
		return nil, err
	}
	h := &Histogram{}
	took, used, err := b.measures(ctx, func() { r.latencies = h })
	if err != nil {
		return nil, err
	}
	messages := r.counted
	if err := r.ends(ctx); err != nil { // the latencies include late messages
		return nil, err
	}
	return &relayLine{
		benchHead: b.head, Pairs: pairs, Rate: b.cmd.Rate, Bytes: b.cmd.Size, Seconds: rounded(took),
		Messages: messages, PerSecond: rounded(float64(messages) / took), P50: h.us(0.5), P99: h.us(0.99), Max: (h.most + 500) / 1000,
		spent: used, CPUPer1000: used.per(1000, float64(messages)),
	}, nil
}
