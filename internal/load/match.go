package load

import (
	"context"
	"time"
)

// crowdLoad is clients that search, and send Next some time after they are matched.
type crowdLoad struct {
	loop  *Loop
	think int64 // 0: Next at once
	over  bool  // no more Next

	matched   int // how many matched messages arrived
	counted   int // … while latencies is set
	latencies *Histogram
	thinking  delays
}

// newCrowdLoad makes connected clients search: all at once if they send Next at once, otherwise one after the other, or
// all of them would send it at the same moments forever.
func newCrowdLoad(l *Loop, conns []*Conn, think time.Duration) *crowdLoad {
	w := &crowdLoad{loop: l, think: int64(think)}
	l.always(w.acts)
	now := l.now()
	for i, c := range conns {
		c.Hears = w.hears
		c.dueBy = now + w.think*int64(i)/int64(len(conns))
		w.thinking.add(c, c.dueBy)
	}
	return w
}

func (w *crowdLoad) hears(c *Conn, m *Heard) {
	switch string(m.Kind) {
	case "matched":
		now := w.loop.now()
		w.matched++
		if w.latencies != nil {
			w.counted++
			if c.asked != 0 { // a client whose partner left is matched without asking
				w.latencies.add(now - c.asked)
			}
		}
		c.partner, c.asked = string(m.partnerID), 0
		switch {
		case w.over:
		case w.think == 0:
			w.searches(c, c.partner)
		default:
			c.dueBy = now + w.think
			w.thinking.add(c, c.dueBy)
		}
	case "partner_disconnected":
		c.partner, c.dueBy = "", 0
	}
}

// acts sends Next for the clients whose think time has passed.
func (w *crowdLoad) acts(now int64) int64 {
	return w.thinking.due(now, func(c *Conn, by int64) {
		if c.dueBy == by && c.stage == greetedStage && !w.over {
			c.dueBy = 0
			w.searches(c, c.partner)
		}
	})
}

// searches asks for a partner. Resumable clients name the chat they leave.
func (w *crowdLoad) searches(c *Conn, leaving string) {
	c.asked = w.loop.now()
	if leaving == "" || c.old {
		c.Say(`{"type":"search"}`)
		return
	}
	c.Say(`{"type":"search","partnerId":"` + leaving + `"}`)
}

type matchLine struct {
	benchHead
	Connections int     `json:"connections"`
	ThinkMs     int64   `json:"think_ms"`
	Seconds     float64 `json:"seconds"`
	Matches     int     `json:"matches"`
	PerSecond   float64 `json:"matches_per_second"`
	P50         int64   `json:"p50_us"` // from search to matched
	P99         int64   `json:"p99_us"`
	spent
	CPUPer1000 *float64 `json:"cpu_s_per_1000,omitempty"`
}

// match measures how fast clients are matched.
func (b *bench) match(ctx context.Context) (*matchLine, error) {
	n := b.people(matchPeople)
	conns, _, err := b.arrival(ctx, n, false)
	if err != nil {
		return nil, err
	}
	w := newCrowdLoad(b.loop, conns, b.cmd.Think)
	if err := b.loop.runFor(ctx, warmUp); err != nil {
		return nil, err
	}
	h := &Histogram{}
	took, used, err := b.measures(ctx, func() { w.latencies = h })
	matches := w.counted / 2
	return &matchLine{
		benchHead: b.head, Connections: n, ThinkMs: b.cmd.Think.Milliseconds(), Seconds: rounded(took), Matches: matches,
		PerSecond: rounded(float64(matches) / took), P50: h.us(0.5), P99: h.us(0.99), spent: used, CPUPer1000: used.per(1000, float64(matches)),
	}, err
}

type mixedLine struct {
	benchHead
	Pairs      int     `json:"pairs"`
	Rate       int     `json:"rate"`
	Others     int     `json:"others"`
	ThinkMs    int64   `json:"think_ms"`
	Messages   int     `json:"messages"`
	Matches    int     `json:"matches"`
	PerSecond  float64 `json:"matches_per_second"`
	P50Without int64   `json:"p50_without_us"`
	P99Without int64   `json:"p99_without_us"`
	P50        int64   `json:"p50_us"` // of the relay while the other clients search
	P99        int64   `json:"p99_us"`
	Ratio      float64 `json:"p99_ratio"`
	spent
}

// mixed measures how searching clients affect those that chat at a fixed rate.
func (b *bench) mixed(ctx context.Context, pairs int) (*mixedLine, error) {
	rate, think := b.cmd.Rate, b.cmd.Think
	if rate == 0 {
		rate = mixedRate
	}
	if think == 0 {
		think = mixedThink
	}
	r, err := b.newRelayLoad(ctx, pairs)
	if err != nil {
		return nil, err
	}
	r.starts(rate)
	if err := b.loop.runFor(ctx, warmUp); err != nil {
		return nil, err
	}
	alone, beside := &Histogram{}, &Histogram{}
	r.latencies = alone
	if err := b.loop.runFor(ctx, b.cmd.Duration); err != nil {
		return nil, err
	}
	r.latencies = nil
	others := b.people(mixedPeople)
	conns, _, err := b.arrival(ctx, others, false)
	if err != nil {
		return nil, err
	}
	w := newCrowdLoad(b.loop, conns, think)
	if err := b.loop.runFor(ctx, max(warmUp, think)); err != nil {
		return nil, err
	}
	took, used, err := b.measures(ctx, func() { r.latencies, w.latencies = beside, &Histogram{} })
	if err != nil {
		return nil, err
	}
	matches := w.counted / 2
	if err := r.ends(ctx); err != nil {
		return nil, err
	}
	line := &mixedLine{
		benchHead: b.head, Pairs: pairs, Rate: rate, Others: others, ThinkMs: think.Milliseconds(),
		Messages: r.counted, Matches: matches, PerSecond: rounded(float64(matches) / took),
		P50Without: alone.us(0.5), P99Without: alone.us(0.99), P50: beside.us(0.5), P99: beside.us(0.99), spent: used,
	}
	line.Ratio = rounded(float64(line.P99) / float64(max(line.P99Without, 1)))
	return line, nil
}
