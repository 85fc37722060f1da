package ws_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"
)

// A large frame that keeps up with the progress deadline but not with the pace is cut.
func TestSlowFrameIsCut(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.Rates.Pace, w.ProgressTimeout = 1<<20, time.Second })
	a, b := s.Pair(t)
	a.Mute()
	a.Raw(declared(4 << 20))
	a.Raw(bytes.Repeat([]byte("x"), 300<<10))
	stop := time.Now().Add(pace.Of(sockets.Patience))
	for time.Now().Before(stop) {
		if _, err := a.Socket.NetConn().Write(bytes.Repeat([]byte("x"), 16<<10)); err != nil {
			break
		}
		pace.Pause(t.Context(), 300*time.Millisecond)
	}
	b.Expect("partner_disconnected")
	if !strings.Contains(s.Log.String(), `"reason":"frame stalled"`) {
		t.Error("it was not cut")
	}
}
