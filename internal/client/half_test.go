package client

import (
	"errors"
	"io"
	"testing"

	"github.com/gorilla/websocket"
)

// TestSendHalf: the frame is cut in the middle, and the copy stays for a resend.
func TestSendHalf(t *testing.T) {
	s := newStage(t)
	c, p := s.connect(t, Options{NoAuth: true})
	n := must(c.SendHalf("one half of this never arrives"))(t)
	if _, data, err := p.ws.ReadMessage(); !errors.Is(err, io.ErrUnexpectedEOF) && !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
		t.Errorf("got %q, %v", data, err)
	}
	if copies := c.State().Copies; n != 1 || len(copies) != 1 || copies[0].N != 1 {
		t.Errorf("n %d, copies %v", n, copies)
	}
}

// TestMaskedFrame: the uncut bytes are a valid frame.
func TestMaskedFrame(t *testing.T) {
	s := newStage(t)
	c, p := s.connect(t, Options{NoAuth: true})
	must(c.ws.NetConn().Write(maskedFrame([]byte(`{"type":"ping"}`))))(t)
	p.hears(`{"type":"ping"}`)
}
