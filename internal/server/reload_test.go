package server_test

import (
	"net/http"
	"strings"
	"testing"

	"chatme/internal/protocol"
	"chatme/internal/testbed"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// TestReload applies other limits to new sockets, and leaves existing ones alone.
func TestReload(t *testing.T) {
	s := openSite(t)
	early := s.old(t, "early")
	next := s.sockets.Limits
	next.Keys, next.MaxConns, next.FrameBeforeMatch = []string{"another-key"}, 2, 1<<10
	must(t, s.endpoint.SetLimits(next))
	if err := s.endpoint.SetLimits(ws.Limits{}); err == nil {
		t.Error("a configuration without keys was accepted")
	}

	late := s.dial(t, "late")
	late.send(`{"type":"auth","apiKey":"` + webKey + `"}`)
	late.expect("auth_error")
	late.expectClose(4001, "Authentication failed")
	testbed.Eventually(t, "the refused socket has ended", func() bool { return s.endpoint.Conns() == 1 })
	late = s.dial(t, "late")
	if _, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a third socket: %v, want 503", err)
	}
	late.send(`{"type":"auth","apiKey":"another-key"}`)
	late.expect("auth_success")
	late.send(`{"type":"x","text":"` + strings.Repeat("x", 2<<10) + `"}`)
	late.expectClose(1009, protocol.TextTooLarge)

	early.send(`{"type":"search","more":"` + strings.Repeat("x", 2<<10) + `"}`)
	early.expect("searching")
}
