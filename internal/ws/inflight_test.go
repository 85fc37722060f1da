package ws_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/stage"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// oneFrame makes the budget hold one largest frame.
func oneFrame(w *ws.Config, _ *chat.Config) { w.InFlightMax = int64(w.FrameMax) }

// declared returns the beginning of a frame that declares the given size (RFC 6455, section 5.2).
func declared(size int) []byte {
	return []byte{0x81, 0xff, 0, 0, 0, 0, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size), 0, 0, 0, 0, '{'}
}

// rawAside is raw in the background; the server may not read the data for a while.
func rawAside(p *sockets.Person, b []byte) {
	p.T.Helper()
	testbed.Must(p.T, p.Socket.NetConn().SetWriteDeadline(time.Time{})) // gorilla leaves the deadline of its last pong
	go p.Socket.NetConn().Write(b)
}

// holdsAll makes a client begin a frame that takes all of the budget.
func holdsAll(t *testing.T, s *sockets.Site) *sockets.Person {
	t.Helper()
	p, _ := s.Pair(t)
	p.Mute()
	p.Raw(declared(s.Config.FrameMax))
	testbed.Eventually(t, "one frame holds all of the budget", func() bool { return s.Endpoint.InFlight() >= s.Config.InFlightMax })
	return p
}

// While one frame holds all of the budget the others wait, and small frames pass them. The waiting frames lose nothing
// when the first ends.
func TestBudgetSmallFramesPassTheLine(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, oneFrame, func(w *ws.Config, _ *chat.Config) { w.ProgressTimeout, w.StallTimeout = time.Hour, time.Hour })
	a, b := s.Pair(t)
	c, d := s.Pair(t)
	c.Mute()
	e, _ := s.Pair(t)
	first := holdsAll(t, s)
	sent := a.SendAside(sockets.Image(photo("1"))) // in fragments, as gorilla writes
	rawAside(c, frameOf(sockets.Image(photo("2"))))
	for range 20 {
		b.Send(sockets.Text(strings.Repeat("x", 60<<10)))
		if m := a.Expect("message"); len(m.Text) != 60<<10 {
			t.Fatalf("received %d bytes", len(m.Text))
		}
		d.Quiet()
		testbed.Must(t, d.Socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(sockets.Patience)))
	}
	e.Send(`{"type":"search"}`)
	e.Expect("searching")
	if got := s.Endpoint.InFlight(); got > s.Config.InFlightMax {
		t.Errorf("%d bytes are in memory of %d", got, s.Config.InFlightMax)
	}
	first.Socket.Close()
	var both sync.WaitGroup // either may be the first, and holds the room until it is read
	for who, digit := range map[*sockets.Person]string{b: "1", d: "2"} {
		both.Go(func() {
			if m, err := who.Next(); err != nil || m.ImageURL != photo(digit) {
				t.Errorf("photo %s did not arrive whole: %v", digit, err)
			}
		})
	}
	both.Wait()
	<-sent
	testbed.Eventually(t, "nothing is in memory", func() bool { return s.Endpoint.InFlight() == 0 })
}

// frameOf returns a large frame in one piece.
func frameOf(payload string) []byte {
	head := declared(len(payload))
	return append(head[:len(head)-1], payload...)
}

// A stalled frame that holds room is cut, and the others continue; no other socket is closed for it.
func TestBudgetStalledHolderIsCut(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, oneFrame, func(w *ws.Config, _ *chat.Config) { w.ProgressTimeout = time.Second })
	a, b := s.Pair(t)
	holdsAll(t, s)
	sent := a.SendAside(sockets.Image(photo("1")))
	if m := b.Expect("message"); m.ImageURL != photo("1") {
		t.Error("the photo did not arrive whole")
	}
	<-sent
}

// A waiting socket is closed with 1013 once no frame that holds room has made progress for the configured time.
func TestBudgetStalled(t *testing.T) {
	stage.Long(t)
	s := sockets.Open(t, oneFrame, func(w *ws.Config, _ *chat.Config) { w.StallTimeout = 500 * time.Millisecond })
	a, b := s.Pair(t)
	a.Mute()
	holdsAll(t, s)
	rawAside(a, frameOf(sockets.Image(photo("1")))[:100<<10])
	_, err := a.Next()
	var ce *websocket.CloseError
	if !errors.As(err, &ce) || ce.Code != 1013 {
		t.Errorf("%v, want close 1013", err)
	}
	b.Expect("partner_disconnected")
}

// Many clients send photos at the same time, some in fragments, and there is room for one: every photo arrives.
func TestBudgetEveryFrameGetsATurn(t *testing.T) {
	for name, frames := range map[string]int{"room for one": 1, "room for three": 3} {
		t.Run(name, func(t *testing.T) {
			s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) {
				w.FrameMax = 1 << 20 // smaller photos, because of the race detector
				w.InFlightMax = int64(frames * w.FrameMax)
			})
			photo := func(digit string) string { return photoOf(digit, s.Config.FrameMax/2) }
			const pairs = 4
			var running sync.WaitGroup
			for i := range pairs {
				a, b := s.Pair(t)
				a.Mute()
				b.Mute()
				for k, each := range [][2]*sockets.Person{{a, b}, {b, a}} {
					digit := fmt.Sprint(2*i + k)
					running.Go(func() {
						if k == 0 {
							each[0].Socket.WriteMessage(websocket.TextMessage, []byte(sockets.Image(photo(digit))))
						} else {
							each[0].Socket.NetConn().SetWriteDeadline(time.Time{})
							each[0].Socket.NetConn().Write(frameOf(sockets.Image(photo(digit))))
						}
					})
					running.Go(func() {
						for {
							m, err := each[1].Next()
							switch {
							case err != nil:
								t.Errorf("photo %s: %v", digit, err)
							case m.Type != "message":
								continue
							case m.ImageURL != photo(digit):
								t.Errorf("photo %s did not arrive whole", digit)
							}
							return
						}
					})
				}
			}
			running.Wait()
			testbed.Eventually(t, "nothing is in memory", func() bool { return s.Endpoint.InFlight() == 0 })
		})
	}
}

// The data for a slow reader holds room for what its outbox takes, and no more: the next photo waits unread. Known
// defect: it was read, and held room while it waited.
func TestBudgetSecondPhotoWaitsUnread(t *testing.T) {
	t.Parallel()
	for name, frames := range map[string]func([]byte) [][]byte{
		"in one frame": func(b []byte) [][]byte { return [][]byte{frameOf(string(b))} },
		"in fragments": func(b []byte) [][]byte {
			return [][]byte{frame(false, 1, string(b[:60<<10])), frame(false, 0, string(b[60<<10:120<<10])), continued(b[120<<10:])}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := sockets.Open(t)
			c, d := s.Pair(t)
			s.Deaf(t)
			a, b := s.Pair(t)
			a.Mute()
			s.Stuffed(t, a, sockets.Image(photo("1")))
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				a.Socket.NetConn().SetWriteDeadline(time.Time{})
				for _, each := range frames([]byte(sockets.Image(photo("2")))) {
					a.Socket.NetConn().Write(each)
				}
			}()
			c.Send(sockets.Image(photo("3"))) // while the second is being sent, or waits
			if m := d.Expect("message"); m.ImageURL != photo("3") {
				t.Error("the other photo did not arrive whole")
			}
			s.StillStuffed(t)
			if got := s.Endpoint.InFlight(); got > sockets.PhotoBytes+(1<<20) {
				t.Errorf("%d bytes are in memory: the second photo was read", got)
			}
			b.Listens()
			for _, digit := range []string{"1", "2"} {
				if m := b.Expect("message"); m.ImageURL != photo(digit) {
					t.Errorf("photo %s did not arrive whole", digit)
				}
			}
			<-sent
		})
	}
}

// continued returns the last fragment of a message, a large one.
func continued(payload []byte) []byte {
	last := frameOf(string(payload))
	last[0] = 0x80
	return last
}
