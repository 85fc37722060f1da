package client

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// SendHalf sends a text as Send does, but cuts the connection in the middle of the frame, so that the server never sees
// all of it. The copy stays, for a resume. It must not be used with Options.Queued, whose writer may be writing.
func (c *Client) SendHalf(text string) (n uint64, err error) {
	return c.number(Body{Text: text}, c.writeHalf)
}

func (c *Client) writeHalf(f *frame) error {
	defer c.Drop()
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.Type, err)
	}
	whole := maskedFrame(data)
	c.ws.NetConn().SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.ws.NetConn().Write(whole[:len(whole)/2]); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// maskedFrame returns one text frame of a client (RFC 6455, section 5.2) with a mask of zeros, which leaves the data
// unchanged. Data is at most 64 KiB.
func maskedFrame(data []byte) []byte {
	const (
		finText  = 0x81
		masked   = 0x80
		twoBytes = 126
	)
	head := []byte{finText, masked | twoBytes}
	head = binary.BigEndian.AppendUint16(head, uint16(len(data)))
	return append(append(head, 0, 0, 0, 0), data...)
}
