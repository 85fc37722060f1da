package ws_test

import (
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"
)

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

// The new sessions of a network are counted together; another network does not notice.
func TestNewSessionsOfANetwork(t *testing.T) {
	count, waits := counted(t)
	s := sockets.Open(t, count, func(w *ws.Config, _ *chat.Config) { w.NetworkRates.Sessions = network.NewRate(3, 5, time.Second) })
	crowd := make([]*sockets.Person, 5)
	for i := range crowd {
		crowd[i] = resumableFrom(t, s, "203.0.113.7")
	}
	other, bare := resumableFrom(t, s, "203.0.113.8"), resumableFrom(t, s, "127.0.0.1")
	began := time.Now()
	for _, p := range crowd {
		p.Send(`{"type":"search"}`)
	}
	other.Searches()
	bare.Searches()
	for _, p := range crowd {
		p.Expect("searching")
	}
	if took := time.Since(began); took < 390*time.Millisecond {
		t.Errorf("five searches of which three may pass at once took %v", took)
	}
	if n := waits(metrics.RateSessions); n != 2 || waits("") != 2 {
		t.Errorf("%d waits of %d, want 2", n, waits(""))
	}
}

func resumableFrom(t *testing.T, s *sockets.Site, addr string) *sockets.Person {
	t.Helper()
	p, _ := s.From(t, addr)
	p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `","resume":{"v":1}}`)
	p.Expect("auth_success")
	p.Expect("session_id")
	return p
}

// Known defect: over the rate of its network a client was read later, so its partner stayed in a chat that was over. A Next
// is done at once; what waits is the match.
func TestNextIsNotDelayedByTheNetwork(t *testing.T) {
	count, waits := counted(t)
	s := sockets.Open(t, count, func(w *ws.Config, _ *chat.Config) { w.NetworkRates.Searches = network.NewRate(1, 1, time.Second) })
	a, b := resumableFrom(t, s, "203.0.113.7"), resumableFrom(t, s, "203.0.113.8")
	a.Searches()
	b.Searches()
	sockets.Matched(a, b)
	began := time.Now()
	a.Send(`{"type":"search"}`)
	b.Expect("partner_disconnected")
	if told := time.Since(began); told >= time.Second {
		t.Errorf("its partner was told after %v", told)
	}
	c, d := resumableFrom(t, s, "203.0.113.9"), resumableFrom(t, s, "203.0.113.10")
	c.Searches()
	sockets.Matched(b, c)
	d.Searches()
	a.Expect("searching")
	sockets.Matched(a, d)
	if took := time.Since(began); took < 990*time.Millisecond {
		t.Errorf("matched after %v, before its network may search again", took)
	}
	testbed.Eventually(t, "its reader goes on", func() bool { return waits(metrics.RateSearches) == 1 })
}

// Known defect: a Next that came too late, because the partner had pressed it too, made the reader wait although its session
// was matched again, and the new partner waited too. It counts as a ping instead, and costs its network nothing.
func TestVainSearchWaitsForNothing(t *testing.T) {
	count, waits := counted(t)
	s := sockets.Open(t, count, func(w *ws.Config, _ *chat.Config) {
		w.NetworkRates.Searches, w.Rates.Pings = network.NewRate(2, 1, time.Minute), network.NewRate(3, 1, 10*time.Millisecond)
	})
	a, b := resumableFrom(t, s, "203.0.113.7"), resumableFrom(t, s, "203.0.113.8")
	a.Searches()
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	b.Searches()
	sockets.Matched(a, b)
	a.Send(`{"type":"search","partnerId":"of a chat that is over"}`)
	a.Send(`{"type":"ping"}`)
	a.Expect("pong")
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	a.Send(`{"type":"ping"}`)
	a.Expect("pong")
	if waits(metrics.RateSearches) != 0 {
		t.Error("its network paid for a search that changed nothing")
	}
	for range 10 {
		a.Send(`{"type":"search"}`)
		a.Expect("searching")
	}
	testbed.Eventually(t, "they count as pings", func() bool { return waits(metrics.RatePings) > 0 })
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
