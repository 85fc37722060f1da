package server_test

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/testbed"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

func TestPipelinedAuthAndSearch(t *testing.T) {
	s := openSite(t)
	a, b := s.dial(t, "a"), s.dial(t, "b")
	for _, p := range []*person{a, b} {
		p.send(`{"type":"auth","apiKey":"` + webKey + `"}`)
		p.send(`{"type":"search"}`)
	}
	for _, p := range []*person{a, b} {
		p.expect("auth_success")
		p.expect("searching")
	}
	ma, mb := matched(a, b)
	if ma.PartnerID == mb.PartnerID || len(ma.PartnerID) != 36 {
		t.Errorf("partnerIds %q and %q", ma.PartnerID, mb.PartnerID)
	}
	a.send(text("hi"))
	if m := b.expect("message"); m.Text != "hi" || m.From != mb.PartnerID || m.N != 0 || m.TS != 0 {
		t.Errorf("b received %+v; want from %s, without n and ts", m, mb.PartnerID)
	}
	b.send(`{"type":"end_chat"}`)
	b.expect("chat_ended")
	b.expectClose(1000, "Chat ended")
	a.expect("partner_disconnected")
}

func TestAuthentication(t *testing.T) {
	tests := map[string]struct {
		first  string
		reason string
		text   string
	}{
		"search first":     {`{"type":"search"}`, "Not authenticated", "Not authenticated"},
		"ping first":       {`{"type":"ping"}`, "Not authenticated", "Not authenticated"},
		"no type":          {`{}`, "Not authenticated", "Not authenticated"},
		"unknown type":     {`{"type":"x"}`, "Not authenticated", "Not authenticated"},
		"wrong key":        {`{"type":"auth","apiKey":"x"}`, "Invalid API key", "Authentication failed"},
		"missing key":      {`{"type":"auth"}`, "Invalid API key", "Authentication failed"},
		"key not a string": {`{"type":"auth","apiKey":7}`, "Invalid API key", "Authentication failed"},
		"empty key":        {`{"type":"auth","apiKey":""}`, "Invalid API key", "Authentication failed"},
	}
	s := openSite(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := s.dial(t, "p")
			p.send(`not json`) // the connection stays open
			p.send(tt.first)
			if m := p.expect("auth_error"); m.Error != tt.reason {
				t.Errorf("error %q, want %q", m.Error, tt.reason)
			}
			p.expectClose(4001, tt.text)
		})
	}
	t.Run("either key, and twice", func(t *testing.T) {
		p := s.dial(t, "p")
		p.send(`{"type":"auth","apiKey":"` + mobileKey + `"}`)
		p.expect("auth_success")
		p.send(`{"type":"auth","apiKey":"` + webKey + `"}`)
		p.expect("auth_success")
		p.quiet()
	})
}

// Known defect of the old server: an unauthenticated socket stayed open forever.
func TestUnauthenticatedSocketIsClosed(t *testing.T) {
	s := openSite(t, func(w *ws.Config, _ *chat.Config) { w.AuthTimeout = pace.Of(200 * time.Millisecond) })
	p := s.dial(t, "p")
	p.send(`not json, and no auth either`)
	p.expectClose(4408, "Authentication timeout")
}

// Known defect of the old server: a close frame was never answered.
func TestCloseFrameIsAnswered(t *testing.T) {
	s := openSite(t)
	p := s.old(t, "p")
	must(t, p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, "bye"), time.Now().Add(pace.Of(patience))))
	p.expectClose(1001, "")
}

func TestMalformed(t *testing.T) {
	s := openSite(t)
	frames := []string{`{"type":"message","text":{}}`, `[1,2]`, `{`, `{"type":7}`, strings.Repeat(`[`, 1000)}
	old := s.old(t, "old")
	res, _ := s.resumable(t, "resumable")
	for _, f := range frames {
		old.send(f)
		old.quiet() // legacy clients receive nothing
		res.send(f)
		if m := res.expect("error"); m.Code != "bad_message" {
			t.Errorf("%s: code %q, want bad_message", f, m.Code)
		}
	}
	old.send(`{"type":"unknown","text":7}`) // unknown types and fields are ignored and not counted
	old.send(`{"type":"ping","more":[{}]}`)
	old.expect("pong")
	old.send(`nul`) // the sixth in a minute
	old.expectClose(1008, "Too many malformed messages")
}

func TestInvalidUTF8(t *testing.T) {
	s := openSite(t)
	for name, kind := range map[string]int{"text": websocket.TextMessage, "binary": websocket.BinaryMessage} {
		t.Run(name, func(t *testing.T) {
			p := s.old(t, "p")
			must(t, p.ws.WriteMessage(kind, []byte("{\"type\":\"ping\",\"x\":\"\xff\"}")))
			p.expectClose(1007, "Invalid UTF-8")
		})
	}
}

func TestBinaryFrameIsAccepted(t *testing.T) {
	s := openSite(t)
	p := s.old(t, "p")
	must(t, p.ws.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"ping"}`)))
	p.expect("pong")
}

func TestFrameSizes(t *testing.T) {
	const most = 16<<20 + 64<<10
	big := func(size int) string {
		head := `{"type":"message","imageUrl":"data:image/jpeg;base64,`
		n := (size - len(head) - 2) / 4 * 4
		return head + strings.Repeat("A", n) + `"}`
	}
	t.Run("64 KiB until matched", func(t *testing.T) {
		s := openSite(t) // its own site: clients left over from before would be matched
		p := s.old(t, "p")
		p.send(`{"type":"ping","x":"` + strings.Repeat("x", 60<<10) + `"}`)
		p.expect("pong")
		p.send(`{"type":"ping","x":"` + strings.Repeat("x", 65<<10) + `"}`)
		p.expectClose(1009, "Message too large")
	})
	t.Run("16 MiB afterwards, even when the chat is over", func(t *testing.T) {
		s := openSite(t)
		a, b := s.pair(t)
		for _, size := range []int{100, 5 << 20, most} {
			frame := big(size)
			sent := a.sendAside(frame)
			b.ws.SetReadDeadline(time.Now().Add(pace.Of(patience)))
			_, got, err := b.ws.ReadMessage()
			must(t, err)
			url := strings.TrimPrefix(frame, `{"type":"message",`)
			if !bytes.HasSuffix(got, []byte(url)) {
				t.Fatalf("an image of %d bytes arrived with %d", len(url), len(got))
			}
			<-sent
		}
		b.ws.Close()
		a.expect("partner_disconnected")
		a.send(big(5 << 20)) // read and discarded
		a.send(`{"type":"ping"}`)
		a.expect("pong")
	})
	t.Run("and no more", func(t *testing.T) {
		s := openSite(t)
		a, _ := s.pair(t)
		sent := a.sendAside(big(most + 1024))
		_, err := a.next()
		a.ws.Close()
		<-sent
		var ce *websocket.CloseError
		if !errors.As(err, &ce) || ce.Code != 1009 {
			t.Errorf("%v, want close 1009", err)
		}
	})
}

// Known defects of the old server: a JSON object or a number as text was relayed, and so were scripts as images.
func TestOnlyValidBodiesAreRelayed(t *testing.T) {
	s := openSite(t)
	a, b := s.pair(t)
	for _, f := range []string{
		`{"type":"message","text":{}}`, `{"type":"message","text":5}`, `{"type":"message"}`,
		image("javascript:alert(1)"), image("data:text/html;base64,AAAA"), image("data:image/svg+xml;base64,AAAA"),
		image("http://example.org/x.png"), text(strings.Repeat("x", 60<<10) + strings.Repeat("y", 6<<10)),
	} {
		a.send(f)
	}
	a.send(image("https://example.org/x.png"))
	if m := b.expect("message"); m.ImageURL != "https://example.org/x.png" {
		t.Errorf("b received %+v", m)
	}
	a.quiet()
}

// Known defect of the old server: keys and texts were in the log.
func TestLogHoldsNoSecret(t *testing.T) {
	s := openSite(t)
	a, b := s.pair(t)
	a.send(text("a-very-secret-text"))
	b.expect("message")
	p := s.dial(t, "p")
	p.send(`{"type":"auth","apiKey":"a-wrong-key"}`)
	p.expect("auth_error")
	p.expectClose(4001, "Authentication failed")
	r, id := s.resumable(t, "r")
	r.ws.Close()
	a.send(`{"type":"end_chat"}`)
	a.expect("chat_ended")
	a.expectClose(1000, "Chat ended")
	testbed.Eventually(t, "every end is logged", func() bool { return strings.Count(s.log.String(), "connection ended") >= 3 })
	for _, secret := range []string{"a-very-secret-text", webKey, mobileKey, "a-wrong-key", id.SessionID, "127.0.0.1"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, s.log)
		}
	}
	if !strings.Contains(s.log.String(), `"reason":"Chat ended"`) {
		t.Errorf("no line has the reason of the close:\n%s", s.log)
	}
}

func TestFullIsRefused(t *testing.T) {
	s := openSite(t, func(w *ws.Config, _ *chat.Config) { w.MaxConns = 1 })
	s.old(t, "p")
	_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v, want 503", err)
	}
}

// Known defect: a client that connected as a shutdown began was refused with 503.
func TestLateArrivalIsToldToReconnect(t *testing.T) {
	s := openSite(t)
	s.stop()
	p := s.dial(t, "late")
	p.send(`{"type":"auth","apiKey":"` + webKey + `"}`)
	p.expectClose(1012, "Server restarting")
}

func TestFailedKeysAreThrottledByAddress(t *testing.T) {
	s := openSite(t, func(w *ws.Config, _ *chat.Config) { w.FailedKeys = 3 })
	dial := func(from string) (*person, int) {
		c, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), http.Header{"X-Forwarded-For": {from}})
		if err != nil {
			return nil, resp.StatusCode
		}
		t.Cleanup(func() { c.Close() })
		return &person{t: t, ws: c, name: from}, 101
	}
	for _, from := range []string{"203.0.113.7", "203.0.113.7:1234", "198.51.100.1, [::ffff:203.0.113.7]:443"} { // one address
		p, _ := dial(from)
		p.send(`{"type":"auth","apiKey":"x"}`)
		p.expect("auth_error")
		p.expectClose(4001, "Authentication failed")
	}
	if _, status := dial("203.0.113.7"); status != http.StatusTooManyRequests {
		t.Errorf("status %d after three failures, want 429", status)
	}
	if _, status := dial("203.0.113.8"); status != 101 {
		t.Errorf("status %d for another address, want 101", status)
	}
	for range 5 { // an unconfigured proxy is not an address
		p := s.dial(t, "loopback")
		p.send(`{"type":"auth","apiKey":"x"}`)
		p.expect("auth_error")
	}
	s.old(t, "honest")
}

// A legacy client cannot confirm what has arrived; its pong does, so that a resumable sender can drop its copies.
func TestLegacyReceiverConfirmsWithPong(t *testing.T) {
	s := openSite(t)
	a, _ := s.resumable(t, "a")
	b := s.old(t, "b")
	a.send(`{"type":"search"}`)
	a.expect("searching")
	b.send(`{"type":"search"}`)
	b.expect("searching")
	matched(a, b)
	read := make(chan struct{})
	go func() { // gorilla answers pings while it reads
		defer close(read)
		for {
			if _, _, err := b.ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for n := uint64(1); n <= 3; n++ {
		a.send(`{"type":"message","text":"x","n":` + strconv.FormatUint(n, 10) + `}`)
		if m := a.expect("ack"); m.Recv != n || m.Delivered != n {
			t.Fatalf("ack %+v, want %d", m, n)
		}
	}
	b.ws.Close()
	<-read
}
