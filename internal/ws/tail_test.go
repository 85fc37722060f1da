package ws_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/network"
	"chatme/internal/tail"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// Refusals are published too: by origin, by failed keys, because the server is full, and because of a bad handshake.
func TestTailHearsOfRefusals(t *testing.T) {
	feed := &tail.Feed{Network: network.NewTags(time.Now).Of}
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.Tail, w.FailedKeys, w.MaxConns = feed, 1, 1 })
	l, err := feed.Listen(tail.Filter{})
	testbed.Must(t, err)
	t.Cleanup(l.Close)
	dial := func(header http.Header) {
		t.Helper()
		if c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), header); err == nil {
			t.Errorf("%v was accepted", header)
			c.Close()
		}
	}
	var got []string
	tags := map[string]bool{}
	hear := func() {
		t.Helper()
		e, err := l.Next(t.Context())
		testbed.Must(t, err)
		text := string(e.Type) + " " + string(e.Status) + " " + e.Reason
		if e.Network != "" {
			tags[e.Network] = true
			text += " of a network"
		}
		got = append(got, text)
	}
	dial(http.Header{"Origin": {"https://elsewhere.example"}})
	hear()
	from := http.Header{"X-Forwarded-For": {"203.0.113.7"}}
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), from)
	testbed.Must(t, err)
	defer c.Close()
	hear() // before another one, which is served at the same time
	p := &sockets.Person{T: t, Socket: c, Name: "p"}
	dial(nil) // the server is full
	hear()
	p.Send(`{"type":"auth","apiKey":"x"}`)
	p.Expect("auth_error")
	p.ExpectClose(4001, "Authentication failed")
	hear()
	hear() // the end of the socket
	dial(from)
	hear()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	testbed.Must(t, err)
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"12"}}
	resp, err := http.DefaultClient.Do(r)
	testbed.Must(t, err)
	resp.Body.Close()
	hear()

	want := []string{
		"upgrade error origin", "upgrade ok  of a network", "upgrade error full", "auth error invalid API key of a network",
		"closed error invalid API key", "upgrade error too many failed keys of a network", "upgrade error bad handshake",
	}
	if len(tags) != 1 {
		t.Errorf("the tags of one network: %v", tags)
	}
	if !slices.Equal(got, want) {
		t.Errorf("received\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
