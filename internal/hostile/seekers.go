package hostile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"chatme/internal/client"
	"chatme/internal/protocol"
)

const (
	// A person notices after notice, and up to noticeMore later, that the partner writes nothing.
	notice, noticeMore = 1500 * time.Millisecond, 3 * time.Second
	greeting           = "hello, I am a person"
	// greetings are how many texts each side of a chat writes, greetEvery apart.
	greetings, greetEvery = 3, time.Second
)

// seekers are people that look for people. It is safe for concurrent use.
type seekers struct {
	people *people
	stay   time.Duration

	mu       sync.Mutex
	all      []*seeker
	measured bool
	waits    []time.Duration
	matches  []int
}

// seeker is one of them. The mu of seekers guards since and tries.
type seeker struct {
	*client.Client
	of *seekers

	since time.Time // when it began to look; zero: it has met a person
	tries int       // matches since then

	// owned by its goroutine
	met   bool      // its partner is a person
	began bool      // it has met one before
	said  int       // texts in this chat
	until time.Time // what is due: a text, or Next
	leave time.Time // when it presses Next
}

// searchFigures are what people needed to meet a person.
type searchFigures struct {
	Met     int     `json:"met"`     // how often one met a person
	Looking int     `json:"looking"` // how many still looked; the rest includes them
	TriesP5 int     `json:"matches_p50"`
	TriesP9 int     `json:"matches_p99"`
	Mean    float64 `json:"wait_mean_s"`
	WaitP50 float64 `json:"wait_p50_s"`
	WaitP99 float64 `json:"wait_p99_s"`
}

var searchHeader = []string{"", "met a person", "still looking", "matches p50", "p99", "wait mean s", "p50", "p99"}

func (f *searchFigures) cells(name string) []string {
	seconds := func(s float64) string { return fmt.Sprintf("%.2f", s) }
	return []string{name, fmt.Sprint(f.Met), fmt.Sprint(f.Looking), fmt.Sprint(f.TriesP5), fmt.Sprint(f.TriesP9),
		seconds(f.Mean), seconds(f.WaitP50), seconds(f.WaitP99)}
}

// arrives lets one more person arrive.
func (s *seekers) arrives() error {
	c, err := s.people.arrive(false)
	if err == nil {
		err = c.Search()
	}
	if err != nil {
		return fmt.Errorf("an honest client, before the bots: %w", err)
	}
	one := &seeker{Client: c, of: s, since: time.Now()}
	s.mu.Lock()
	s.all = append(s.all, one)
	s.mu.Unlock()
	s.people.running.Go(one.run)
	return nil
}

// begin begins to measure.
func (s *seekers) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.measured, s.waits, s.matches = true, nil, nil
}

// end ends the measurement.
func (s *seekers) end() searchFigures {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.measured = false
	f := searchFigures{Met: len(s.waits)}
	for _, one := range s.all {
		if !one.since.IsZero() {
			f.Looking++
			s.waits = append(s.waits, time.Since(one.since))
			s.matches = append(s.matches, one.tries)
		}
	}
	total := time.Duration(0)
	for _, wait := range s.waits {
		total += wait
	}
	f.Mean = (total / time.Duration(max(len(s.waits), 1))).Seconds()
	f.TriesP5, f.TriesP9 = quantile(s.matches, 0.5), quantile(s.matches, 0.99)
	f.WaitP50, f.WaitP99 = quantile(s.waits, 0.5).Seconds(), quantile(s.waits, 0.99).Seconds()
	return f
}

// run looks for people until all leave.
func (one *seeker) run() {
	defer one.Drop()
	for ctx := one.of.people.ctx; ; {
		m, err := one.recv(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, context.DeadlineExceeded):
			one.due()
		case err != nil:
			one.of.people.troubles.add("cut", err)
			return
		default:
			one.hears(&m)
		}
	}
}

// recv returns the next message, or context.DeadlineExceeded once something is due.
func (one *seeker) recv(ctx context.Context) (protocol.ServerMessage, error) {
	if !one.until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, one.until)
		defer cancel()
	}
	return one.Recv(ctx)
}

func (one *seeker) hears(m *protocol.ServerMessage) {
	switch m.Type {
	case "matched":
		one.matched()
	case "message":
		one.Ack()
		if m.Text == greeting && !one.met {
			one.meets()
		}
	case "partner_disconnected": // the server searches
		one.looks()
	}
}

func (one *seeker) matched() {
	one.of.mu.Lock()
	one.tries++
	one.of.mu.Unlock()
	one.met, one.said = false, 0
	one.leave = time.Now().Add(notice + rand.N(noticeMore))
	one.greets()
}

// greets writes to the partner, and decides what is due next.
func (one *seeker) greets() {
	one.Send(greeting) // an error here means that the socket is ending
	one.said++
	one.until = one.leave
	if next := time.Now().Add(greetEvery); one.said < greetings && next.Before(one.leave) {
		one.until = next
	}
}

// due does what is due: another text, or Next.
func (one *seeker) due() {
	if time.Now().Before(one.leave) {
		one.greets()
		return
	}
	one.looks()
	one.Next()
}

// meets notes that the partner is a person. The wait is over.
func (one *seeker) meets() {
	one.met = true
	stays := one.of.stay + rand.N(one.of.stay/4)
	if !one.began { // all begin at once, and must not end at once
		one.began, stays = true, rand.N(stays)
	}
	one.leave = time.Now().Add(stays)
	one.of.mu.Lock()
	defer one.of.mu.Unlock()
	if one.of.measured {
		one.of.waits = append(one.of.waits, time.Since(one.since))
		one.of.matches = append(one.of.matches, one.tries)
	}
	one.since, one.tries = time.Time{}, 0
}

// looks begins to look, unless it already does.
func (one *seeker) looks() {
	one.until = time.Time{}
	one.of.mu.Lock()
	defer one.of.mu.Unlock()
	if one.since.IsZero() {
		one.since = time.Now()
	}
}
