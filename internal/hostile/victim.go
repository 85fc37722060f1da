package hostile

import (
	"context"
	"sync"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
)

// victim is an honest client whose partner is the attacker. It acknowledges like a good client.
type victim struct {
	*client.Client
	people *people

	mu     sync.Mutex
	counts map[string]int
	asked  time.Time
	answer chan time.Duration // buffer 1: how long Next took
}

// suffered is what a victim saw: all messages, and the worst of any round.
type suffered struct {
	Counts  map[string]int `json:"counts"` // messages by type
	AwaySec float64        `json:"away_back_per_s"`
	NextMs  float64        `json:"next_ms"` // from Next to its answer; -1: none came
}

// victim lets an honest client search. The attacker must be the next that searches.
func (p *people) victim() (*victim, error) {
	c, err := p.arrive(false)
	if err == nil {
		err = c.Search()
	}
	if err != nil {
		return nil, err
	}
	v := &victim{Client: c, people: p, counts: map[string]int{}, answer: make(chan time.Duration, 1)}
	p.running.Go(v.hears)
	p.running.Go(func() {
		for tick := time.NewTicker(client.AckWithin); ; v.Ack() {
			select {
			case <-tick.C:
			case <-p.ctx.Done():
				c.Drop()
				return
			case <-c.Done():
				return
			}
		}
	})
	return v, nil
}

func (v *victim) hears() {
	for {
		m, err := v.Recv(v.people.ctx)
		if v.people.ctx.Err() != nil {
			return
		}
		if err != nil {
			v.people.troubles.add("victim cut", err)
			return
		}
		v.mu.Lock()
		v.counts[m.Type]++
		if m.Type == "message" && v.counts[m.Type]%client.AckEach == 0 {
			v.Ack()
		}
		if (m.Type == "searching" || m.Type == "matched") && !v.asked.IsZero() {
			v.answer <- time.Since(v.asked)
			v.asked = time.Time{}
		}
		v.mu.Unlock()
	}
}

// next presses Next after an attack of length d, and returns what the victim has seen.
func (v *victim) next(d time.Duration) *suffered {
	v.mu.Lock()
	s := &suffered{Counts: map[string]int{}, NextMs: -1}
	for kind, n := range v.counts {
		s.Counts[kind] = n
	}
	v.asked = time.Now()
	v.mu.Unlock()
	s.AwaySec = float64(s.Counts["partner_away"]+s.Counts["partner_back"]) / d.Seconds()
	if err := v.Next(); err != nil {
		return s
	}
	ctx, cancel := context.WithCancel(v.people.ctx)
	defer cancel()
	select {
	case took := <-v.answer:
		s.NextMs = ms(took)
	case <-pace.Over(ctx, servedWithin):
		v.people.troubles.add("stuck", context.DeadlineExceeded)
	}
	return s
}
