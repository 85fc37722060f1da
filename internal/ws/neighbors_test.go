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
