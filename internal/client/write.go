package client

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// frame is any message from a client. A pointer distinguishes 0 from an absent number.
type frame struct {
	Type      string       `json:"type"`
	APIKey    *string      `json:"apiKey,omitempty"`
	Resume    *resumeFrame `json:"resume,omitempty"`
	PartnerID string       `json:"partnerId,omitempty"`
	Text      string       `json:"text,omitempty"`
	ImageURL  string       `json:"imageUrl,omitempty"`
	N         uint64       `json:"n,omitempty"`
	Got       *uint64      `json:"got,omitempty"`
	ForMs     *int64       `json:"forMs,omitempty"`
	Topics    []string     `json:"topics,omitempty"`
	Languages []string     `json:"languages,omitempty"`
}

type resumeFrame struct {
	V         int    `json:"v"`
	SessionID string `json:"sessionId,omitempty"`
	Epoch     string `json:"epoch,omitempty"`
	PartnerID string `json:"partnerId,omitempty"`
	Got       uint64 `json:"got,omitempty"`
	Acked     uint64 `json:"acked,omitempty"`
}

func (c *Client) auth(s *State) error {
	f := frame{Type: "auth", APIKey: &c.opts.APIKey}
	if !c.opts.Legacy {
		f.Resume = &resumeFrame{V: 1}
		if s != nil {
			f.Resume = &resumeFrame{1, s.SessionID, s.Epoch, s.Partner, s.Got, s.Acked}
		}
	}
	return c.send(&f)
}

// Search asks for a partner without naming a chat: while matched it leaves the current chat, whichever it is.
func (c *Client) Search() error { return c.ask("") }

// Prefer sets what the client would like to talk about, and in which languages, from now on; an empty list means any. The
// server keeps it in memory only, so a client says it again after each Greet. A legacy client's is ignored.
func (c *Client) Prefer(topics, languages []string) error {
	return c.send(&frame{Type: "prefer", Topics: topics, Languages: languages})
}

// Next leaves the chat that the caller knows, by its name, and asks for another partner. Outside a chat, in one that is
// over, and for a legacy client, it is Search.
func (c *Client) Next() error { return c.ask(c.current()) }

func (c *Client) ask(leaving string) error {
	c.mu.Lock()
	c.state.Asked = true
	c.mu.Unlock()
	return c.send(&frame{Type: "search", PartnerID: leaving})
}

// current returns the chat to leave by name: the latest, unless it is over. Legacy clients name none.
func (c *Client) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opts.Legacy || c.state.Over {
		return ""
	}
	return c.state.Partner
}

// Send sends a text to the partner and returns its number, 0 for a legacy client.
func (c *Client) Send(text string) (n uint64, err error) {
	return c.number(Body{Text: text}, c.sendLocked)
}

// SendImage sends an image, a data URI or an https URL, like Send.
func (c *Client) SendImage(url string) (n uint64, err error) {
	return c.number(Body{Image: url}, c.sendLocked)
}

// SendPhoto sends a text and an image in one message, like Send.
func (c *Client) SendPhoto(text, url string) (n uint64, err error) {
	return c.number(Body{Text: text, Image: url}, c.sendLocked)
}

// number gives b the next number of the chat, keeps a copy, then writes it. After an error the copy stays.
func (c *Client) number(b Body, write func(*frame) error) (uint64, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	partner := ""
	if !c.opts.Legacy {
		c.mu.Lock()
		c.state.Sent++
		b.N, partner = c.state.Sent, c.state.Partner
		c.state.Copies = append(c.state.Copies, b)
		c.mu.Unlock()
	}
	return b.N, write(bodyFrame(partner, b))
}

func bodyFrame(partner string, b Body) *frame {
	return &frame{Type: "message", PartnerID: partner, Text: b.Text, ImageURL: b.Image, N: b.N}
}

// Resend resends all copies that are not in custody, with their numbers: what a client does after resumed, and when a
// refused number may be retried. The server drops those it has. In a chat that is over it sends nothing.
func (c *Client) Resend() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	s := c.State()
	if s.Over {
		return nil
	}
	for _, b := range s.Copies {
		if err := c.sendLocked(bodyFrame(s.Partner, b)); err != nil {
			return err
		}
	}
	return nil
}

// Typing reports that typing started or stopped.
func (c *Client) Typing(start bool) error {
	if start {
		return c.send(&frame{Type: "typing_start"})
	}
	return c.send(&frame{Type: "typing_stop"})
}

// Ack confirms all that the caller has taken of the latest chat, including the tail of one that is over.
func (c *Client) Ack() error {
	s := c.State()
	return c.send(&frame{Type: "ack", PartnerID: s.Partner, Got: &s.Got})
}

// Sleep announces an absence of d; the caller closes the socket afterwards.
func (c *Client) Sleep(d time.Duration) error {
	ms := d.Milliseconds()
	return c.send(&frame{Type: "sleep", ForMs: &ms})
}

// End leaves for good: chat_ended and close 1000 follow.
func (c *Client) End() error { return c.send(&frame{Type: "end_chat"}) }

// Ping asks for a pong of the protocol, not of WebSocket.
func (c *Client) Ping() error { return c.send(&frame{Type: "ping"}) }

// SendRaw sends data as one text frame, whatever it is.
func (c *Client) SendRaw(data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.write(data)
}

func (c *Client) send(f *frame) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.sendLocked(f)
}

// sendLocked is send with writing held.
func (c *Client) sendLocked(f *frame) error {
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.Type, err)
	}
	return c.write(data)
}

// write writes one text frame, or queues it. The caller holds writing.
func (c *Client) write(data []byte) error {
	if c.queue != nil {
		return c.queue.push(data)
	}
	return c.writeText(data)
}

// writeText writes one text frame. One goroutine at a time may call it. To a server that has closed the error is a *CloseError.
func (c *Client) writeText(data []byte) error {
	c.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
	err := c.ws.WriteMessage(websocket.TextMessage, data)
	if err == nil {
		return nil
	}
	select { // the server's close frame may be being read
	case <-c.done:
	case <-time.After(closeGrace):
	}
	if end := c.CloseErr(); end != nil && end.Code != CloseLost {
		return end
	}
	return fmt.Errorf("write: %w", err)
}
