package ws_test

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/stage"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// frame returns one masked WebSocket frame with a mask of zeros (RFC 6455, section 5.2).
func frame(fin bool, opcode byte, payload string) []byte {
	b := []byte{opcode, 0x80}
	if fin {
		b[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b[1] |= byte(n)
	default:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, payload...)
}

func TestDeclaredLengthAllocatesNothing(t *testing.T) {
	s := sockets.Open(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 20 {
		p := s.Legacy(t, "p")
		p.Raw([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
		_, err := p.Next()
		var ce *websocket.CloseError
		if !errors.As(err, &ce) || ce.Code != 1009 {
			t.Fatalf("%v, want close 1009", err)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("20 declared lengths of 2^63-1 allocated %d bytes", grown)
	}
}

func TestOneByteFragments(t *testing.T) {
	s := sockets.Open(t)
	p := s.Legacy(t, "p")
	msg := `{"type":"ping"}`
	for i := range msg {
		op := byte(0)
		if i == 0 {
			op = 1
		}
		p.Raw(frame(i == len(msg)-1, op, msg[i:i+1]))
	}
	p.Expect("pong")
}

func TestEndlessEmptyContinuations(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.ProgressTimeout = pace.Of(300 * time.Millisecond) })
	p := s.Legacy(t, "p")
	honest := s.Legacy(t, "honest")
	p.Raw(frame(false, 1, "{"))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, err := p.Socket.NetConn().Write(frame(false, 0, "")); err != nil {
				return
			}
		}
	}()
	honest.Quiet()
	select {
	case <-gone:
	case <-time.After(pace.Of(sockets.Patience)):
		t.Fatal("a frame that never ends keeps its socket open")
	}
}

func TestHalfAFrame(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.ProgressTimeout = pace.Of(300 * time.Millisecond) })
	p := s.Legacy(t, "p")
	p.Raw(frame(true, 1, strings.Repeat("x", 200))[:50])
	if _, err := p.Next(); err == nil {
		t.Error("half a frame was answered")
	}
}

func TestPingFlood(t *testing.T) {
	s := sockets.Open(t)
	p := s.Legacy(t, "p")
	go func() {
		for range 5000 {
			if _, err := p.Socket.NetConn().Write(frame(true, 9, "")); err != nil {
				return
			}
		}
	}()
	_, err := p.Next()
	var ce *websocket.CloseError
	if err == nil || errors.As(err, &ce) && ce.Code != 1008 {
		t.Errorf("%v, want close 1008", err)
	}
}

// Sockets that break every rule get a clear close, and the server keeps running.
func TestBrokenFrames(t *testing.T) {
	s := sockets.Open(t)
	tests := map[string][]byte{
		"unmasked":                 {0x81, 0x01, 'x'},
		"reserved opcode":          frame(true, 3, "x"),
		"reserved bit":             append([]byte{0xc1}, frame(true, 1, "x")[1:]...),
		"continuation of nothing":  frame(true, 0, "x"),
		"fragmented control frame": frame(false, 9, "x"),
		"long control frame":       frame(true, 9, strings.Repeat("x", 126)),
		"close code 0":             frame(true, 8, "\x00\x00"),
		"close with bad UTF-8":     frame(true, 8, "\x03\xe8\xff"),
		"message within a message": append(frame(false, 1, "{"), frame(true, 1, "x")...),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			p := s.Legacy(t, "p")
			p.Raw(b)
			if m, err := p.Next(); err == nil {
				t.Errorf("received %+v, want a close", m)
			}
		})
	}
	s.Legacy(t, "honest").Quiet()
}

func TestSilentClients(t *testing.T) {
	stage.Long(t)
	short := func(w *ws.Config, _ *chat.Config) {
		interval := pace.Waited(100 * time.Millisecond)
		w.PingInterval, w.DeadAfter, w.DeadAfterLegacy = interval, 5*interval, 7*interval
	}
	deaf := func(p *sockets.Person) { p.Socket.SetPingHandler(func(string) error { return nil }) }

	t.Run("a legacy client that answers pings is never closed", func(t *testing.T) {
		s := sockets.Open(t, short)
		p := s.Legacy(t, "p")
		pings, enough := 0, make(chan struct{})
		answer := p.Socket.PingHandler()
		p.Socket.SetPingHandler(func(d string) error {
			if pings++; pings == 12 { // well beyond DeadAfterOld
				close(enough)
			}
			return answer(d)
		})
		go func() { <-enough; p.Socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)) }()
		p.Expect("pong")
	})
	t.Run("a silent legacy client is closed", func(t *testing.T) {
		s := sockets.Open(t, short)
		a, b := s.Pair(t)
		deaf(b)
		go func() { // b reads, but sends nothing
			for {
				if _, _, err := b.Socket.ReadMessage(); err != nil {
					return
				}
			}
		}()
		a.Expect("partner_disconnected")
	})
	t.Run("a silent resumable client is away", func(t *testing.T) {
		s := sockets.Open(t, short)
		a, _ := s.Resumable(t, "a")
		b, _ := s.Resumable(t, "b")
		a.Send(`{"type":"search"}`)
		a.Expect("searching")
		b.Send(`{"type":"search"}`)
		b.Expect("searching")
		if m, _ := sockets.Matched(a, b); m.PartnerID == "" {
			t.Errorf("%+v", m)
		}
		deaf(b)
		go io.Copy(io.Discard, b.Socket.NetConn())
		if m := a.Expect("partner_away"); m.UntilMs < time.Now().UnixMilli() {
			t.Errorf("until %d", m.UntilMs)
		}
	})
}

// A client that does not read delays only its own partner, and is finally closed.
func TestSlowReader(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.ProgressTimeout = pace.Of(500 * time.Millisecond) })
	a, slow := s.Pair(t)
	slow.Below().SetReadBuffer(4 << 10)
	c, d := s.Pair(t)
	fed := make(chan error, 1)
	go func() {
		body := sockets.Text(strings.Repeat("x", 60<<10))
		for range 1000 { // 60 MB: more than any socket buffer
			if err := a.Socket.WriteMessage(websocket.TextMessage, []byte(body)); err != nil {
				fed <- err
				return
			}
		}
		fed <- nil
	}()
	for range 100 {
		c.Send(sockets.Text("on"))
		d.Expect("message")
	}
	if m := a.Expect("partner_disconnected"); m.Type == "" {
		t.Errorf("%+v", m)
	}
	select {
	case err := <-fed:
		if err != nil {
			t.Errorf("the sender was closed: %v", err)
		}
	case <-time.After(pace.Of(sockets.Patience)):
		t.Fatal("the sender is stuck")
	}
}

// A burst that is faster than the writer waits; no socket is closed for it and nothing is lost.
func TestBurstArrivesWhole(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	const many = 5000
	go func() {
		for i := range many {
			if a.Socket.WriteMessage(websocket.TextMessage, []byte(sockets.Text(string(rune('a'+i%26))))) != nil {
				return
			}
		}
	}()
	for i := range many {
		if m := b.Expect("message"); m.Text != string(rune('a'+i%26)) {
			t.Fatalf("message %d is %q", i, m.Text)
		}
	}
}

// After 200 connections have come and gone, nothing is left.
func TestNothingStaysBehind(t *testing.T) {
	s := sockets.Open(t)
	s.Legacy(t, "warm up").Socket.Close()
	testbed.Eventually(t, "the first has ended", func() bool { return s.Endpoint.Conns() == 0 })
	before := runtime.NumGoroutine()
	for range 100 {
		a, b := s.Pair(t)
		a.Socket.Close()
		b.Socket.Close()
		testbed.Eventually(t, "both have ended", func() bool { return s.Hub.Attached() == 0 }) // or the next would be matched with them
	}
	testbed.Eventually(t, "all sockets have ended", func() bool { return s.Endpoint.Conns() == 0 && s.Hub.Attached() == 0 })
	testbed.Eventually(t, "their goroutines have ended", func() bool { return runtime.NumGoroutine() <= before+2 })
}
