// Package stranger is a built-in chat partner for trying the page alone.
package stranger

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"chatme/internal/client"
	"chatme/internal/protocol"
)

const (
	// strangerThinks is how long it types before an answer: long enough to be visible.
	strangerThinks = 900 * time.Millisecond
	// strangerReturns is how long it waits before it reconnects.
	strangerReturns = time.Second
)

// Stranger is a chat partner for trying the page alone. It connects like any other client.
type Stranger struct {
	URL    string // of the server
	APIKey string

	answered int       // messages in this chat
	heard    string    // what it will answer
	due      time.Time // when it will answer; zero: nothing to say
}

// Stay chats with every partner until ctx ends.
func (s *Stranger) Stay(ctx context.Context) {
	for ctx.Err() == nil {
		s.visit(ctx) // however it ends, it reconnects
		select {
		case <-ctx.Done():
		case <-time.After(strangerReturns):
		}
	}
}

// visit runs one session until its socket is lost.
func (s *Stranger) visit(ctx context.Context) error {
	// The server is this process, so the name in its certificate does not matter.
	c, err := client.Dial(ctx, s.URL, client.Options{APIKey: s.APIKey, TLS: &tls.Config{InsecureSkipVerify: true}})
	if err != nil {
		return err
	}
	defer c.Drop()
	if _, err := c.Greet(ctx); err != nil {
		return err
	}
	if err := c.Search(); err != nil {
		return err
	}
	s.due = time.Time{}
	for {
		m, late, err := s.listen(ctx, c)
		switch {
		case late:
			err = s.speak(c)
		case err == nil:
			err = s.react(c, &m)
		}
		if err != nil {
			return err
		}
	}
}

// listen returns the next message, or reports that it is time to speak.
func (s *Stranger) listen(ctx context.Context, c *client.Client) (m protocol.ServerMessage, late bool, err error) {
	if s.due.IsZero() {
		m, err = c.Recv(ctx)
		return m, false, err
	}
	until, cancel := context.WithDeadline(ctx, s.due)
	defer cancel()
	m, err = c.Recv(until)
	late = err != nil && until.Err() != nil && ctx.Err() == nil && c.CloseErr() == nil
	return m, late, err
}

// react handles a message from the server and chooses an answer.
func (s *Stranger) react(c *client.Client, m *protocol.ServerMessage) error {
	switch m.Type {
	case "matched":
		s.answered = 0
		return s.think(c, "")
	case "partner_disconnected":
		s.due = time.Time{} // the server queues it again
		return c.Ack()
	case "message":
		if err := c.Ack(); err != nil {
			return err
		}
		return s.think(c, m.Text)
	}
	return nil
}

func (s *Stranger) think(c *client.Client, heard string) error {
	s.heard = heard
	s.due = time.Now().Add(strangerThinks)
	return c.Typing(true)
}

func (s *Stranger) speak(c *client.Client) error {
	s.due = time.Time{}
	if err := c.Typing(false); err != nil {
		return err
	}
	_, err := c.Send(answer(s.answered, s.heard))
	s.answered++
	return err
}

// answer returns the stranger's n-th message, in answer to what it heard: "" is a picture.
func answer(n int, heard string) string {
	switch heard = strings.TrimSpace(heard); {
	case n == 0:
		return "Hello! I am the stranger that is built in. I answer whatever you write, so that you can try this alone."
	case heard == "":
		return "A picture! It came through, and I would like it if I could see."
	case strings.HasSuffix(heard, "?"):
		return "A good question. What do you think yourself?"
	}
	quoted := heard
	if runes := []rune(heard); len(runes) > 60 {
		quoted = string(runes[:60]) + "…"
	}
	replies := []string{"You wrote “%s”. Tell me more.", "“%s”, I see. And then?", "“%s” 🙂 Try a picture, or press Next and meet me again."}
	return fmt.Sprintf(replies[n%len(replies)], quoted)
}
