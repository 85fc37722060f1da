package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"chatme/internal/client"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// crowd is clients that search, tell their names and press Next, each in its own goroutine, until their sockets end.
// Their number is even, so that at rest each has a partner.
type crowd struct {
	tb      testing.TB
	members []*member
	met     chan struct{} // unbuffered; a member sends for each matched it receives; never closed
	over    chan struct{} // closed by wait: matches are no longer counted
	running sync.WaitGroup
}

// member is one client of a crowd. While churn runs, its fields belong to its goroutine.
type member struct {
	*testbed.Person
	settler bool   // stays with another settler
	friend  string // the name that its partner told it in this chat
	asked   bool   // a search or Next was sent and not yet answered
	waits   bool   // told searching or partner_disconnected, and not matched since
}

const (
	crowdSize = 6
	greeting  = "I am "
	farewell  = "still "
)

// crowdFlags keep a crowd moving: each has so few others to meet that recent partners must soon count again.
var crowdFlags = []string{"--open-after", "100ms", "--late-after", "100ms"}

// newCrowd connects a crowd: two settlers, two resumable clients that move on, and two legacy clients that move on.
func newCrowd(s *testbed.Site, round int) *crowd {
	c := &crowd{tb: s.TB, met: make(chan struct{}), over: make(chan struct{})}
	for i := range crowdSize {
		p := s.Join(fmt.Sprintf("crowd%d.%d", round, i), client.Options{Legacy: i >= 4})
		c.members = append(c.members, &member{Person: p, settler: i < 2})
	}
	return c
}

// churn starts all clients and returns once this many matched were received; the clients continue.
func (c *crowd) churn(matches int) {
	for _, m := range c.members {
		c.running.Go(func() {
			if err := m.run(c); err != nil {
				c.tb.Errorf("%s: %v", m.Name, err)
			}
		})
	}
	ctx := testbed.Step(c.tb)
	for range matches {
		select {
		case <-c.met:
		case <-ctx.Done():
			c.tb.Fatal("the crowd makes no progress")
		}
	}
}

// wait returns once all sockets have ended.
func (c *crowd) wait() {
	close(c.over)
	c.running.Wait()
}

// run moves on from partner to partner until the socket ends.
func (m *member) run(c *crowd) error {
	m.asked = true
	if err := m.Client.Search(); err != nil {
		return err
	}
	for {
		message, err := m.Recv(testbed.Step(m.TB))
		if _, ended := errors.AsType[*client.CloseError](err); ended || errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		switch message.Type {
		case "searching", "partner_disconnected":
			m.friend, m.asked, m.waits = "", false, true
		case "matched":
			m.friend, m.asked, m.waits = "", false, false
			m.Send(greeting + m.Name) // an error here means that the socket is ending
			select {
			case c.met <- struct{}{}:
			case <-c.over:
			}
		case "message":
			if err := m.hearsName(c, &message); err != nil {
				return err
			}
		}
	}
}

// hearsName records the name of the partner, and moves on unless both are settlers.
func (m *member) hearsName(c *crowd, message *protocol.ServerMessage) error {
	name, ok := strings.CutPrefix(message.Text, greeting)
	if !ok || m.friend != "" || name == m.Name || message.From != m.State().Partner {
		return fmt.Errorf("its partner is %s, named %q, and it received %s", m.State().Partner, m.friend, client.Describe(message))
	}
	m.friend = name
	if !m.Old {
		m.Ack()
	}
	if f := c.named(name); f == nil || !f.settler || !m.settler {
		m.asked = true
		m.Next()
	}
	return nil
}

func (c *crowd) named(name string) *member {
	for _, m := range c.members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// settled reports whether m and its partner were both told of their chat and neither has asked to leave it.
func (c *crowd) settled(m *member) bool {
	f := c.named(m.friend)
	return f != nil && f.friend == m.Name && !m.Old && !f.Old && !m.asked && !f.asked
}

// comesBack reconnects all clients after a kill: legacy clients as new ones, the others by resuming. After that,
// partners must agree on each other.
func (c *crowd) comesBack() {
	c.tb.Helper()
	stays := map[*member]bool{}
	for _, m := range c.members {
		stays[m] = c.settled(m)
	}
	away := map[*member]bool{}
	for _, m := range c.members {
		if m.Old {
			m.Person = m.Site.Join(m.Name, client.Options{Legacy: true})
			m.Search()
			m.waits = true
			continue
		}
		m.waits, away[m] = m.resumes(stays[m])
	}
	for _, m := range c.members {
		switch {
		case m.waits:
			m.Matched()
		case away[m]:
			m.Await("partner_back")
		}
	}
	for _, m := range c.members {
		m.Check(m.Resend())
		_, err := m.Send(farewell + m.Name)
		m.Check(err)
	}
	for _, m := range c.members {
		for ok := false; !ok; {
			message := m.Await("message", "gap", "error", "partner_disconnected")
			if message.From != m.State().Partner {
				m.TB.Fatalf("%s, whose partner is %s, received %s", m.Name, m.State().Partner, client.Describe(&message))
			}
			m.friend, ok = strings.CutPrefix(message.Text, farewell)
		}
	}
	for _, m := range c.members {
		if f := c.named(m.friend); f == nil || f.friend != m.Name || f == m {
			c.tb.Fatalf("%s has %s as its partner, which does not have %s", m.Name, m.friend, m.Name)
		}
	}
}

// resumes resumes m and checks that it is back where it was, as far as it knew. With stays, nothing can have ended its
// chat.
func (m *member) resumes(stays bool) (waits, away bool) {
	m.TB.Helper()
	was := m.State().Partner
	m.Dial(m.Resume())
	re := m.Greet()
	if re.Type != "resumed" {
		m.TB.Fatalf("%s: resumed to %s", m.Name, client.Describe(&re))
	}
	switch {
	case stays && (re.State != "matched" || re.PartnerID != was):
		m.TB.Fatalf("%s: neither side left its chat with %s, but it resumed to %s", m.Name, was, client.Describe(&re))
	case re.State == "matched" && (was == "" || re.PartnerID == was):
		waits, away = false, re.Partner == "away"
	case re.State == "ended" && was != "" && re.PartnerID == was:
		m.Expect("partner_disconnected", "searching|matched")
		waits = m.State().Over
	case re.State == "searching" && was == "":
		waits = true
	case re.State == "idle" && was == "" && !m.waits:
		m.Check(m.Client.Search())
		waits = true
	default:
		m.TB.Fatalf("%s: was with %q, waiting %v, but resumed to %s", m.Name, was, m.waits, client.Describe(&re))
	}
	// The messages before the pong are the rest of the answer.
	m.Check(m.Ping())
	for {
		switch next := m.Await("pong", "searching", "matched", "partner_away", "partner_back", "partner_disconnected"); next.Type {
		case "pong":
			return waits, away
		case "matched":
			waits, away = false, false
		case "partner_away", "partner_back":
			away = next.Type == "partner_away"
		case "partner_disconnected":
			m.TB.Fatalf("%s: was told that its partner left, but neither side did", m.Name)
		}
	}
}

func (c *crowd) leaves() {
	c.tb.Helper()
	for _, m := range c.members {
		m.Leave()
	}
}
