package ws_test

import (
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/stage"
	"chatme/internal/testbed/sockets"
	"chatme/internal/testcard"
	"chatme/internal/ws"
)

// A socket over TLS cannot be parked, and its writes block: other code reads and writes it, and must behave the same.
func TestOverTLS(t *testing.T) {
	stage.Long(t)
	for name, test := range map[string]func(*testing.T){
		"PipelinedAuthAndSearch":      TestPipelinedAuthAndSearch,
		"UnauthenticatedSocket":       TestUnauthenticatedSocketIsClosed,
		"CloseFrameIsAnswered":        TestCloseFrameIsAnswered,
		"OldReceiverConfirms":         TestLegacyReceiverConfirmsWithPong,
		"HeldBeforeLive":              TestHeldBeforeLive,
		"FramesInOneSegment":          TestFramesInOneSegment,
		"ReaderThatPauses":            TestReaderThatPauses,
		"SilentClients":               TestSilentClients,
		"SlowReader":                  TestSlowReader,
		"HalfAFrame":                  TestHalfAFrame,
		"LargeImage":                  testLargeImage,
		"QuietForLongerThanAFrameMay": testQuietForLongerThanAFrameMay,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of them wait for a deadline
			test(t)
		})
	}
}

func testLargeImage(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	url := testcard.URI(strings.Repeat("AAAA", 1<<18))
	sent := a.SendAside(sockets.Image(url))
	if m := b.Expect("message"); m.ImageURL != url {
		t.Errorf("an image of %d bytes arrived with %d", len(url), len(m.ImageURL))
	}
	<-sent
}

// Known defect: a ping long after the last message had that message's deadline, and the socket was lost.
func testQuietForLongerThanAFrameMay(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) {
		w.ProgressTimeout = pace.Waited(100 * time.Millisecond)
		w.PingInterval = 3 * w.ProgressTimeout
	})
	p := s.Legacy(t, "p")
	pings := 0
	answer := p.Socket.PingHandler()
	p.Socket.SetPingHandler(func(data string) error {
		if pings++; pings == 3 {
			p.Send(`{"type":"ping"}`)
		}
		return answer(data)
	})
	p.Expect("pong")
}
