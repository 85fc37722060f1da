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

// A session that resumes all the time is slowed down, even if that takes longer than an auth may; others are not.
func TestResumeLoop(t *testing.T) {
	count, waits := counted(t)
	s := sockets.Open(t, count, func(w *ws.Config, _ *chat.Config) {
		w.NetworkRates.Resumes, w.AuthTimeout = network.NewRate(2, 2, time.Second), 300*time.Millisecond
	})
	a, b := couple(t, s)
	began := time.Now()
	for range 4 {
		a.returns(0, 0)
	}
	if took := time.Since(began); took < time.Second-10*time.Millisecond {
		t.Errorf("four resumes of which two may pass at once took %v", took)
	}
	if n := waits(metrics.RateResumes); n != 2 || waits("") != 2 {
		t.Errorf("%d waits, want 2", n)
	}
	b.returns(0, 0)
	if waits("") != 2 {
		t.Error("another session waits")
	}
}

// The searches of a network, and its new sessions, are counted together; another network does not notice.
func TestSearchesOfANetwork(t *testing.T) {
	for name, tt := range map[string]struct {
		at   metrics.Rate
		tune func(*ws.Config, *chat.Config)
	}{
		"searches": {metrics.RateSearches, func(w *ws.Config, _ *chat.Config) { w.NetworkRates.Searches = network.NewRate(3, 5, time.Second) }},
		"sessions": {metrics.RateSessions, func(w *ws.Config, _ *chat.Config) { w.NetworkRates.Sessions = network.NewRate(3, 5, time.Second) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count, waits := counted(t)
			s := sockets.Open(t, count, tt.tune)
			from := func(addr string) *sockets.Person {
				p, _ := s.From(t, addr)
				p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `","resume":{"v":1}}`)
				p.Expect("auth_success")
				p.Expect("session_id")
				return p
			}
			crowd := make([]*sockets.Person, 5)
			for i := range crowd {
				crowd[i] = from("203.0.113.7")
			}
			other, bare := from("203.0.113.8"), from("127.0.0.1")
			began := time.Now()
			for _, p := range crowd {
				p.Send(`{"type":"search"}`)
			}
			for _, p := range []*sockets.Person{other, bare} {
				p.Send(`{"type":"search"}`)
				p.Expect("searching")
			}
			for _, p := range crowd {
				p.Expect("searching")
			}
			if took := time.Since(began); took < 390*time.Millisecond {
				t.Errorf("five searches of which three may pass at once took %v", took)
			}
			if n := waits(tt.at); n != 2 || waits("") != 2 {
				t.Errorf("%d waits of %d, want 2", n, waits(""))
			}
		})
	}
}

// The bytes of a network are counted together. Their waits never close a socket: others may have sent them.
func TestBytesOfANetwork(t *testing.T) {
	count, waits := counted(t)
	s := sockets.Open(t, count, func(w *ws.Config, _ *chat.Config) {
		w.NetworkRates.Bytes, w.Rates.Waits = network.NewRate(100<<10, 200<<10, time.Second), time.Millisecond
	})
	began := time.Now()
	for range 2 {
		p := s.LegacyFrom(t, "203.0.113.7")
		for range 2 {
			p.Send(`{"type":"ping","x":"` + strings.Repeat("x", 60<<10) + `"}`)
			p.Expect("pong")
		}
		p.Quiet()
	}
	if took := time.Since(began); waits(metrics.RateNetworkBytes) == 0 || took < 600*time.Millisecond {
		t.Errorf("%d waits; 240 KiB of which 100 may pass at once took %v", waits(metrics.RateNetworkBytes), took)
	}
}

// A network that holds its share of the budget waits for it, and others pass.
func TestNetworkAtItsShareLetsOthersPass(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) {
		w.FrameMax = 1 << 20
		w.InFlightMax, w.InFlightParts = int64(4*w.FrameMax), 4
		w.ProgressTimeout, w.StallTimeout = time.Hour, time.Hour
	})
	pair := func(addr string) (a, b *sockets.Person) {
		a, b = s.LegacyFrom(t, addr), s.LegacyFrom(t, addr)
		a.Searches()
		b.Searches()
		sockets.Matched(a, b)
		return a, b
	}
	const crowded = "203.0.113.7"
	hostile, _ := pair(crowded)
	hostile.Mute()
	hostile.Raw(declared(s.Config.FrameMax))
	testbed.Eventually(t, "one frame holds the share", func() bool { return s.Endpoint.InFlight() >= int64(s.Config.FrameMax) })
	neighbor, behind := pair(crowded)
	photo := photoOf("1", 600<<10)
	rawAside(neighbor, frameOf(sockets.Image(photo)))
	a, b := pair("203.0.113.8")
	a.SendAside(sockets.Image(photo))
	if m := b.Expect("message"); m.ImageURL != photo {
		t.Error("a picture of another network did not arrive whole")
	}
	hostile.Socket.Close()
	if m := behind.Expect("message"); m.ImageURL != photo {
		t.Error("the picture that waited did not arrive whole")
	}
}

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

// Typing is thinned out: the partner gets few changes, and always the last one.
func TestTypingIsThinnedOut(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	start, stop := `{"type":"typing_start"}`, `{"type":"typing_stop"}`
	expect := func(kinds ...string) {
		t.Helper()
		for _, kind := range kinds {
			b.Expect(kind)
		}
	}
	for range 8 { // the first of a chat are forwarded as they come
		a.Send(start)
		a.Send(start)
		expect("typing_start", "typing_start")
	}
	for range 20 {
		a.Send(start)
	}
	for range 20 {
		a.Send(stop)
		a.Send(start)
	}
	expect("typing_stop", "typing_start") // the last one is late
	a.Quiet()
	b.Quiet()
	a.Send(stop)
	a.Send(start)
	a.Send(sockets.Text("what was typed"))
	expect("typing_stop", "typing_start", "message") // it goes ahead of the message
	a.Send(stop)
	expect("typing_stop")
	a.Send(start)
	a.Send(`{"type":"search"}`)
	for {
		m, err := b.Next()
		testbed.Must(t, err)
		if m.Type == "partner_disconnected" {
			break
		}
	}
	c := s.Legacy(t, "c")
	c.Send(`{"type":"search"}`)
	c.Expect("searching")
	_, err := a.Hear("searching")
	testbed.Must(t, err)
	go b.Socket.Close()
	sockets.Matched(a, c)
	a.Send(start) // no change to a, but the partner is another
	c.Expect("typing_start")
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
