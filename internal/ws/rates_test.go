package ws_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/pace"
	"chatme/internal/tail"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// counted returns a metrics setting, and a function that returns how often a reader waited at a rate; "": at any.
func counted(t *testing.T) (tune func(*ws.Config, *chat.Config), waits func(metrics.Rate) int) {
	m := metrics.New()
	return func(w *ws.Config, _ *chat.Config) { w.Metrics = m }, func(at metrics.Rate) int {
		t.Helper()
		var text bytes.Buffer
		m.Write(&text)
		values, err := metrics.Parse(&text)
		testbed.Must(t, err)
		return int(values.Sum("chatme_rate_waits_total", func(label string) bool { return at == "" || strings.Contains(label, string(at)) }))
	}
}

func messages(r network.Rate) func(*ws.Config, *chat.Config) {
	return func(w *ws.Config, _ *chat.Config) { w.Rates.Messages = r }
}

// Over a rate the reader waits: everything arrives, in order, and what follows comes after it.
func TestOverARateNothingIsDropped(t *testing.T) {
	count, waits := counted(t)
	feed := new(tail.Feed)
	s := sockets.Open(t, count, messages(network.NewRate(5, 20, time.Second)), func(w *ws.Config, _ *chat.Config) { w.Tail = feed })
	a, b := s.Pair(t)
	l, err := feed.Listen(tail.Filter{Types: []tail.Type{tail.Wait}})
	testbed.Must(t, err)
	defer l.Close()
	const sent = 17
	began := time.Now()
	for i := range sent {
		a.Send(sockets.Text(fmt.Sprint(i)))
	}
	a.Send(`{"type":"search"}`)
	for i := range sent {
		if m := b.Expect("message"); m.Text != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, m.Text)
		}
	}
	b.Expect("partner_disconnected")
	if took, least := time.Since(began), 11*time.Second/20; took < least {
		t.Errorf("took %v, less than %v", took, least)
	}
	a.Expect("searching")
	if waits(metrics.RateMessages) < 5 || waits("") != waits(metrics.RateMessages) {
		t.Errorf("%d waits, %d of them at the rate of messages", waits(""), waits(metrics.RateMessages))
	}
	if e, err := l.Next(t.Context()); err != nil || e.What != "messages" || e.Session == "" || e.Conn == 0 {
		t.Errorf("the tail says %+v, %v", e, err)
	}
}

// A socket that waits has no place in the poller, which would wake all the time.
func TestWaitingSocketIsNotParked(t *testing.T) {
	s := sockets.Open(t, messages(network.NewRate(1, 1, time.Hour)))
	a, _ := s.Pair(t)
	s.Parked(t, 2)
	for range 3 {
		a.Send(sockets.Text("x"))
	}
	s.Parked(t, 1)
	if got := s.Endpoint.InFlight(); got != 16<<10 {
		t.Errorf("%d bytes in memory for a waiting reader", got)
	}
}

// stuck returns a couple of which a waits at a rate for an hour.
func stuck(t *testing.T, tune ...func(*ws.Config, *chat.Config)) (s *sockets.Site, a, b *member) {
	t.Helper()
	s = sockets.Open(t, append(tune, messages(network.NewRate(1, 1, time.Hour)))...)
	a, b = couple(t, s)
	s.Parked(t, 2)
	for i := range 3 {
		a.says(i+1, "x")
	}
	s.Parked(t, 1)
	b.Expect("message")
	b.Expect("message")
	return s, a, b
}

// A waiting socket is replaced by a newer one of its session.
func TestWaitingSocketIsReplaced(t *testing.T) {
	_, a, b := stuck(t)
	old := *a.Person
	if m := a.returns(0, 0); m.State != "matched" || m.Last != 2 {
		t.Errorf("%+v", m)
	}
	old.ExpectClose(4409, "Replaced by a newer connection")
	a.says(3, "y")
	b.hears(3, "y")
}

// A waiting socket learns of a shutdown.
func TestWaitingSocketIsShutDown(t *testing.T) {
	s, a, _ := stuck(t)
	began := time.Now()
	go s.Stop()
	a.ExpectClose(1012, "Server restarting")
	if took := time.Since(began); took > pace.Of(2*time.Second) {
		t.Errorf("after %v", took)
	}
}

// A waiting socket is not silent: what its client answers is not read meanwhile.
func TestWaitingSocketIsNotSilent(t *testing.T) {
	s := sockets.Open(t, messages(network.NewRate(1, 1, 1500*time.Millisecond)), func(w *ws.Config, _ *chat.Config) {
		w.PingInterval, w.DeadAfterLegacy, w.DeadAfter, w.ProgressTimeout = 100*time.Millisecond, 500*time.Millisecond, 500*time.Millisecond, 500*time.Millisecond
	})
	a, b := s.Pair(t)
	for range 3 {
		a.Send(sockets.Text("x"))
	}
	go a.Socket.ReadMessage() // answers pings
	for range 3 {
		b.Expect("message")
	}
}

// A socket that has waited for too long is closed, and told when to come back.
func TestRateLimited(t *testing.T) {
	s := sockets.Open(t, messages(network.NewRate(1, 10, time.Second)), func(w *ws.Config, _ *chat.Config) { w.Rates.Waits = 500 * time.Millisecond })
	a, b := s.Pair(t)
	for i := range 30 {
		a.Send(sockets.Text(fmt.Sprint(i)))
	}
	a.ExpectClose(4429, "90")
	for i := 0; ; i++ {
		m, err := b.Next()
		testbed.Must(t, err)
		if m.Type == "partner_disconnected" {
			if i < 5 {
				t.Errorf("closed after %d messages", i)
			}
			return
		}
	}
}

// What a client sends at once after a tunnel, and ten pictures of one pick, pass unslowed at the default rates.
func TestHonestBurstsPass(t *testing.T) {
	count, waits := counted(t)
	s := sockets.Open(t, sockets.Strict, count)
	a, b := s.Pair(t) // of legacy clients: no ring is full if b is slower
	heard := make(chan error, 1)
	go func() {
		for range 210 {
			if _, err := b.Hear("message"); err != nil {
				heard <- err
				return
			}
		}
		heard <- nil
	}()
	for range 200 {
		a.Send(sockets.Text("a copy of a message"))
	}
	picture := sockets.Image(photoOf("1", 500<<10))
	for range 10 {
		a.Send(picture)
	}
	testbed.Must(t, <-heard)
	if n := waits(""); n != 0 {
		t.Errorf("%d waits", n)
	}
}

// The partner of a flood gets it at the rate, and is answered at once all the time.
func TestPartnerOfAFloodIsAnswered(t *testing.T) {
	s := sockets.Open(t, sockets.Strict)
	a, b := s.Pair(t)
	go func() {
		text := []byte(sockets.Text("flood"))
		for range 20_000 {
			if a.Socket.WriteMessage(websocket.TextMessage, text) != nil {
				return
			}
		}
	}()
	const lasts, every = 2 * time.Second, 150 * time.Millisecond // fewer pings than may be sent at once
	bound := pace.Of(200 * time.Millisecond)
	began, got, slowest := time.Now(), 0, time.Duration(0)
	pinged, waits := began, false
	for time.Since(began) < lasts {
		if !waits && time.Since(pinged) >= every {
			pinged, waits = time.Now(), true
			b.Send(`{"type":"ping"}`)
		}
		switch m, err := b.Next(); {
		case err != nil:
			t.Fatal(err)
		case m.Type == "message":
			got++
		case m.Type == "pong":
			slowest, waits = max(slowest, time.Since(pinged)), false
		}
	}
	took := time.Since(began)
	if most := 301 + int(took.Seconds()*10) + 1; got > most || got < 300 {
		t.Errorf("%d messages in %v, want at most %d", got, took, most)
	}
	next := time.Now()
	b.Send(`{"type":"search"}`)
	for {
		m, err := b.Next()
		testbed.Must(t, err)
		if m.Type == "searching" {
			break
		}
	}
	if slowest = max(slowest, time.Since(next)); slowest > bound {
		t.Errorf("answered within %v, want %v", slowest, bound)
	}
	t.Logf("%d messages in %v; ping and Next answered within %v", got, took, slowest)
}

// A second auth changes nothing, and a flood of them ends.
func TestRepeatedAuth(t *testing.T) {
	s := sockets.Open(t)
	p := s.Legacy(t, "p")
	for range 3 {
		p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
		p.Expect("auth_success")
	}
	p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
	p.ExpectClose(1008, "Too many auth frames")
}

// A reload changes the rates of sockets that are open.
func TestRatesReload(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	a.Send(sockets.Text("1"))
	b.Expect("message")
	next := s.Config.Limits
	next.Rates.Messages, next.Rates.Waits = network.NewRate(1, 10, time.Second), time.Millisecond
	testbed.Must(t, s.Endpoint.SetLimits(next))
	for range 5 {
		a.Send(sockets.Text("x"))
	}
	_, err := a.Next()
	var ce *websocket.CloseError
	if !errors.As(err, &ce) || ce.Code != 4429 {
		t.Errorf("%v, want close 4429", err)
	}
}
