package ws_test

import (
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// A frame has its deadline from its first byte on, whatever it is and however little of it has arrived. Known defect:
// without a complete header there was none.
func TestFirstByteStartsTheDeadline(t *testing.T) {
	whole, long := frame(true, 1, `{"type":"ping"}`), frame(true, 1, strings.Repeat("x", 200))
	begun := frame(false, 1, "{")
	tests := map[string][]byte{
		"one byte":                          whole[:1],
		"half a header":                     whole[:4],
		"half a length":                     long[:3],
		"a header":                          whole[:6],
		"half a payload":                    long[:50],
		"one byte of a ping":                frame(true, 9, "x")[:1],
		"half a ping":                       frame(true, 9, "x")[:6],
		"one byte of a close":               frame(true, 8, "")[:1],
		"nothing behind a fragment":         begun,
		"one byte of a continuation":        append(begun[:len(begun):len(begun)], 0x80),
		"half a ping between fragments":     append(begun[:len(begun):len(begun)], frame(true, 9, "x")[:6]...),
		"an empty continuation":             append(begun[:len(begun):len(begun)], frame(false, 0, "")...),
		"one byte behind a frame":           append(whole[:len(whole):len(whole)], 0x81),
		"one byte behind a ping":            append(frame(true, 9, "x"), 0x81),
		"one byte behind a pong":            append(frame(true, 10, "x"), 0x81),
		"a pong between fragments":          append(begun[:len(begun):len(begun)], frame(true, 10, "x")...),
		"one byte behind a malformed frame": append(frame(true, 1, "nul"), 0x81),
		"one byte behind sixty frames":      append([]byte(strings.Repeat(string(whole), 60)), 0x81),
		"one byte behind a frame in binary": append(frame(true, 2, `{"type":"ping"}`), 0x81),
		"one byte behind a longer frame":    append(frame(true, 1, `{"type":"ping"}`+strings.Repeat(" ", 111)), 0x81),
	}
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.ProgressTimeout = 400 * time.Millisecond })
	honest := s.Legacy(t, "honest")
	honest.Quiet()
	testbed.Must(t, honest.Socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(sockets.Patience)))
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.Legacy(t, "p")
			p.Mute() // a pong would continue the partial frame
			p.Raw(b)
			for {
				if _, err := p.Next(); err != nil {
					if strings.Contains(err.Error(), "timeout") {
						t.Fatal("it keeps its socket open")
					}
					return
				}
			}
		})
	}
	t.Cleanup(honest.Quiet) // it has sent nothing since, and nothing is pending
}
