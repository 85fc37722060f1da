package ws_test

import (
	"net/http"
	"strings"
	"testing"

	"chatme/internal/protocol"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// TestReload applies other limits to new sockets, and leaves existing ones alone.
func TestReload(t *testing.T) {
	s := sockets.Open(t)
	early := s.Legacy(t, "early")
	next := s.Config.Limits
	next.Keys, next.MaxConns, next.FrameBeforeMatch = []string{"another-key"}, 2, 1<<10
	testbed.Must(t, s.Endpoint.SetLimits(next))
	if err := s.Endpoint.SetLimits(ws.Limits{}); err == nil {
		t.Error("a configuration without keys was accepted")
	}

	late := s.Dial(t, "late")
	late.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
	late.Expect("auth_error")
	late.ExpectClose(4001, "Authentication failed")
	testbed.Eventually(t, "the refused socket has ended", func() bool { return s.Endpoint.Conns() == 1 })
	late = s.Dial(t, "late")
	if _, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a third socket: %v, want 503", err)
	}
	late.Send(`{"type":"auth","apiKey":"another-key"}`)
	late.Expect("auth_success")
	late.Send(`{"type":"x","text":"` + strings.Repeat("x", 2<<10) + `"}`)
	late.ExpectClose(1009, protocol.TextTooLarge)

	early.Send(`{"type":"search","more":"` + strings.Repeat("x", 2<<10) + `"}`)
	early.Expect("searching")
}
