package hostile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/testcard"
)

const (
	// writeEvery is a fast typist's pace.
	writeEvery = 333 * time.Millisecond
	// servedWithin is how long an honest client waits for anything, on an idle machine, before it counts as stuck.
	servedWithin = 15 * time.Second
	// One pair in so many shows a photo instead of one text in photoEvery.
	photographers, photoEvery = 5, 3
)

// photo is larger than what a server keeps room for: it competes with the frames of an attack.
var photo = sync.OnceValue(func() string { return testcard.URI(strings.Repeat("A", 200<<10)) })

// people are honest clients. Each has an address of its own, and half of them are legacy clients.
type people struct {
	ctx     context.Context // ends when they leave
	cancel  context.CancelFunc
	at, key string
	began   time.Time
	number  atomic.Int64 // of their addresses
	talkers []*talker
	running sync.WaitGroup

	window   atomic.Pointer[window] // what is measured at the moment
	troubles troubles
	arrivals arrivals
}

// talker is an honest client that chats.
type talker struct {
	*client.Client
	legacy      bool
	shows       bool // photos, besides texts
	partner     *talker
	sent, heard atomic.Int64
}

// newPeople returns people of whom none has arrived.
func newPeople(ctx context.Context, s *site) *people {
	p := &people{at: "ws://" + s.Addr, key: s.Key, began: time.Now()}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.window.Store(&window{})
	return p
}

// arrive opens a socket from an address of its own.
func (p *people) arrive(legacy bool) (*client.Client, error) {
	ctx, cancel := pace.WithTimeout(p.ctx, servedWithin)
	defer cancel()
	n := p.number.Add(1)
	c, err := client.Dial(ctx, p.at, client.Options{
		APIKey: p.key, Legacy: legacy, NoText: true, LocalAddr: fmt.Sprintf("127.0.3.%d", 1+n%16),
		Header: http.Header{"X-Forwarded-For": {fmt.Sprintf("100.64.%d.%d", n>>8&0xff, n&0xff)}},
	})
	if err != nil {
		return nil, err
	}
	if _, err := c.Greet(ctx); err != nil {
		c.Drop()
		return nil, err
	}
	return c, nil
}

// searches lets a client arrive and search.
func (p *people) searches(legacy bool) (*client.Client, error) {
	c, err := p.arrive(legacy)
	if err == nil {
		err = c.Search()
	}
	if err != nil {
		return nil, fmt.Errorf("an honest client, before the attack: %w", err)
	}
	return c, nil
}

// matched waits until c has a partner.
func (p *people) matched(c *client.Client) error {
	ctx, cancel := pace.WithTimeout(p.ctx, servedWithin)
	defer cancel()
	if _, err := c.Await(ctx, "matched"); err != nil {
		return fmt.Errorf("an honest client, before the attack: %w", err)
	}
	return nil
}

// pair lets this many pairs arrive and chat, two more clients of which one travels, and from then on others that arrive, meet and
// leave. Two clients in ten also show photos.
func (p *people) pair(pairs int) error {
	for i := range pairs {
		var both [2]*talker
		for side := range both {
			legacy := i%2 == 1
			c, err := p.searches(legacy)
			if err != nil {
				return err
			}
			both[side] = &talker{Client: c, legacy: legacy, shows: i%photographers == 0 && side == 0}
		}
		both[0].partner, both[1].partner = both[1], both[0]
		for _, t := range both {
			if err := p.matched(t.Client); err != nil {
				return err
			}
		}
		p.talkers = append(p.talkers, both[:]...)
	}
	if err := p.travels(); err != nil {
		return err
	}
	for i, t := range p.talkers {
		p.running.Go(func() { p.hears(t) })
		p.running.Go(func() { p.writes(t, writeEvery*time.Duration(i)/time.Duration(len(p.talkers))) })
	}
	p.running.Go(p.newcomers)
	return nil
}

// leave ends all sockets.
func (p *people) leave() {
	p.cancel()
	for _, t := range p.talkers {
		t.Drop()
	}
	p.running.Wait()
}

// writes sends the time, at a human pace, and some photos with it.
func (p *people) writes(t *talker, first time.Duration) {
	if !pace.Pause(p.ctx, first) {
		return
	}
	tick := time.NewTicker(writeEvery)
	for n := 0; ; n++ {
		text, image := strconv.FormatInt(int64(time.Since(p.began)), 10), ""
		if t.shows && n%photoEvery == 0 {
			image = photo()
		}
		if _, err := t.SendPhoto(text, image); err != nil {
			if t.CloseErr() == nil && p.ctx.Err() == nil { // otherwise hears knows
				p.troubles.add("cannot write", err)
			}
			return
		}
		t.sent.Add(1)
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return
		}
	}
}

// hears takes the partner's messages. Nothing else may come.
func (p *people) hears(t *talker) {
	for {
		m, err := t.Recv(p.ctx)
		switch {
		case p.ctx.Err() != nil:
			return
		case err != nil:
			p.troubles.add("cut", err)
			return
		case m.Type == "message":
			t.heard.Add(1)
			if at, err := strconv.ParseInt(m.Text, 10, 64); err == nil {
				p.window.Load().relayed(time.Since(p.began)-time.Duration(at), m.ImageURL != "")
			}
			if !t.legacy {
				t.Ack()
			}
		case m.Type != "ack":
			p.troubles.add("left alone", errors.New(m.Type))
			return
		}
	}
}

// measure measures for d into w, and until all that was sent meanwhile has arrived.
func (p *people) measure(d time.Duration, w *window) {
	p.window.Store(w)
	pace.Pause(p.ctx, d)
	for _, t := range p.talkers {
		sent := t.partner.sent.Load()
		if !pace.Until(p.ctx, servedWithin, func() bool { return t.heard.Load() >= sent || t.CloseErr() != nil }) && p.ctx.Err() == nil {
			p.troubles.add("stuck", errors.New("a message did not arrive"))
		}
	}
	p.arrivals.hold()
	p.window.Store(&window{})
	p.arrivals.release()
}
