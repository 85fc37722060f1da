package ws_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/testcard"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

func TestPipelinedAuthAndSearch(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Dial(t, "a"), s.Dial(t, "b")
	for _, p := range []*sockets.Person{a, b} {
		p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
		p.Send(`{"type":"search"}`)
	}
	for _, p := range []*sockets.Person{a, b} {
		p.Expect("auth_success")
		p.Expect("searching")
	}
	ma, mb := sockets.Matched(a, b)
	if ma.PartnerID == mb.PartnerID || len(ma.PartnerID) != 36 {
		t.Errorf("partnerIds %q and %q", ma.PartnerID, mb.PartnerID)
	}
	a.Send(sockets.Text("hi"))
	if m := b.Expect("message"); m.Text != "hi" || m.From != mb.PartnerID || m.N != 0 || m.TS != 0 {
		t.Errorf("b received %+v; want from %s, without n and ts", m, mb.PartnerID)
	}
	b.Send(`{"type":"end_chat"}`)
	b.Expect("chat_ended")
	b.ExpectClose(1000, "Chat ended")
	a.Expect("partner_disconnected")
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
	s := sockets.Open(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := s.Dial(t, "p")
			p.Send(`not json`) // the connection stays open
			p.Send(tt.first)
			if m := p.Expect("auth_error"); m.Error != tt.reason {
				t.Errorf("error %q, want %q", m.Error, tt.reason)
			}
			p.ExpectClose(4001, tt.text)
		})
	}
	t.Run("either key, and twice", func(t *testing.T) {
		p := s.Dial(t, "p")
		p.Send(`{"type":"auth","apiKey":"` + sockets.MobileKey + `"}`)
		p.Expect("auth_success")
		p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
		p.Expect("auth_success")
		p.Quiet()
	})
}

// Known defect of the old server: an unauthenticated socket stayed open forever.
func TestUnauthenticatedSocketIsClosed(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.AuthTimeout = pace.Of(200 * time.Millisecond) })
	p := s.Dial(t, "p")
	p.Send(`not json, and no auth either`)
	p.ExpectClose(4408, "Authentication timeout")
}

// Known defect of the old server: a close frame was never answered.
func TestCloseFrameIsAnswered(t *testing.T) {
	s := sockets.Open(t)
	p := s.Legacy(t, "p")
	testbed.Must(t, p.Socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, "bye"), time.Now().Add(pace.Of(sockets.Patience))))
	p.ExpectClose(1001, "")
}

func TestMalformed(t *testing.T) {
	s := sockets.Open(t)
	frames := []string{`{"type":"message","text":{}}`, `[1,2]`, `{`, `{"type":7}`, strings.Repeat(`[`, 1000)}
	old := s.Legacy(t, "old")
	res, _ := s.Resumable(t, "resumable")
	for _, f := range frames {
		old.Send(f)
		old.Quiet() // legacy clients receive nothing
		res.Send(f)
		if m := res.Expect("error"); m.Code != "bad_message" {
			t.Errorf("%s: code %q, want bad_message", f, m.Code)
		}
	}
	old.Send(`{"type":"unknown","text":7}`) // unknown types and fields are ignored and not counted
	old.Send(`{"type":"ping","more":[{}]}`)
	old.Expect("pong")
	old.Send(`nul`) // the sixth in a minute
	old.ExpectClose(1008, "Too many malformed messages")
}

func TestInvalidUTF8(t *testing.T) {
	s := sockets.Open(t)
	for name, kind := range map[string]int{"text": websocket.TextMessage, "binary": websocket.BinaryMessage} {
		t.Run(name, func(t *testing.T) {
			p := s.Legacy(t, "p")
			testbed.Must(t, p.Socket.WriteMessage(kind, []byte("{\"type\":\"ping\",\"x\":\"\xff\"}")))
			p.ExpectClose(1007, "Invalid UTF-8")
		})
	}
}

func TestBinaryFrameIsAccepted(t *testing.T) {
	s := sockets.Open(t)
	p := s.Legacy(t, "p")
	testbed.Must(t, p.Socket.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"ping"}`)))
	p.Expect("pong")
}

func TestFrameSizes(t *testing.T) {
	t.Parallel()
	const most = 16<<20 + 64<<10
	big := func(size int) string {
		frame := sockets.Image(testcard.URI(""))
		n := max(size-len(frame), 0) / 4 * 4
		return sockets.Image(testcard.URI(strings.Repeat("A", n)))
	}
	t.Run("64 KiB until matched", func(t *testing.T) {
		s := sockets.Open(t) // its own site: clients left over from before would be matched
		p := s.Legacy(t, "p")
		p.Send(`{"type":"ping","x":"` + strings.Repeat("x", 60<<10) + `"}`)
		p.Expect("pong")
		p.Send(`{"type":"ping","x":"` + strings.Repeat("x", 65<<10) + `"}`)
		p.ExpectClose(1009, "Message too large")
	})
	t.Run("16 MiB afterwards, even when the chat is over", func(t *testing.T) {
		s := sockets.Open(t)
		a, b := s.Pair(t)
		for _, size := range []int{100, 5 << 20, most} {
			frame := big(size)
			sent := a.SendAside(frame)
			b.Socket.SetReadDeadline(time.Now().Add(pace.Of(sockets.Patience)))
			_, got, err := b.Socket.ReadMessage()
			testbed.Must(t, err)
			url := strings.TrimPrefix(frame, `{"type":"message",`)
			if !bytes.HasSuffix(got, []byte(url)) {
				t.Fatalf("an image of %d bytes arrived with %d", len(url), len(got))
			}
			<-sent
		}
		b.Socket.Close()
		a.Expect("partner_disconnected")
		a.Send(big(5 << 20)) // read and discarded
		a.Send(`{"type":"ping"}`)
		a.Expect("pong")
	})
	t.Run("and no more", func(t *testing.T) {
		s := sockets.Open(t)
		a, _ := s.Pair(t)
		sent := a.SendAside(big(most + 1024))
		_, err := a.Next()
		a.Socket.Close()
		<-sent
		var ce *websocket.CloseError
		if !errors.As(err, &ce) || ce.Code != 1009 {
			t.Errorf("%v, want close 1009", err)
		}
	})
}

// Known defects of the old server: a JSON object or a number as text was relayed, and so were scripts as images.
func TestOnlyValidBodiesAreRelayed(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	for _, f := range []string{
		`{"type":"message","text":{}}`, `{"type":"message","text":5}`, `{"type":"message"}`,
		sockets.Image("javascript:alert(1)"), sockets.Image("data:text/html;base64,AAAA"), sockets.Image("data:image/svg+xml;base64,AAAA"),
		sockets.Image("data:image/png;base64,PGh0bWw+PC9odG1sPg=="),
		sockets.Image("http://example.org/x.png"), sockets.Text(strings.Repeat("x", 60<<10) + strings.Repeat("y", 6<<10)),
	} {
		a.Send(f)
	}
	a.Send(sockets.Image("https://example.org/x.png"))
	if m := b.Expect("message"); m.ImageURL != "https://example.org/x.png" {
		t.Errorf("b received %+v", m)
	}
	a.Quiet()
}

// An image arrives without what follows its end, and with the same length.
func TestImagesArriveClean(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	for _, size := range []int{4, 1 << 20} { // copied out of the frame, and left in it
		card := testcard.URI(strings.Repeat("A", size))
		a.Send(sockets.Image(card + base64.StdEncoding.EncodeToString([]byte("52.5200 N 13.4050 E  "))))
		if m := b.Expect("message"); m.ImageURL != card+strings.Repeat("AAAA", 7) {
			t.Errorf("b received %d bytes, which end with %q", len(m.ImageURL), m.ImageURL[max(len(m.ImageURL)-40, 0):])
		}
	}
}

// Known defect of the old server: keys and texts were in the log.
func TestLogHoldsNoSecret(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	a.Send(sockets.Text("a-very-secret-text"))
	b.Expect("message")
	p := s.Dial(t, "p")
	p.Send(`{"type":"auth","apiKey":"a-wrong-key"}`)
	p.Expect("auth_error")
	p.ExpectClose(4001, "Authentication failed")
	r, id := s.Resumable(t, "r")
	r.Socket.Close()
	a.Send(`{"type":"end_chat"}`)
	a.Expect("chat_ended")
	a.ExpectClose(1000, "Chat ended")
	testbed.Eventually(t, "every end is logged", func() bool { return strings.Count(s.Log.String(), "connection ended") >= 3 })
	for _, secret := range []string{"a-very-secret-text", sockets.WebKey, sockets.MobileKey, "a-wrong-key", id.SessionID, "127.0.0.1"} {
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, s.Log)
		}
	}
	if !strings.Contains(s.Log.String(), `"reason":"Chat ended"`) {
		t.Errorf("no line has the reason of the close:\n%s", s.Log)
	}
}

func TestFullIsRefused(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.MaxConns = 1 })
	s.Legacy(t, "p")
	_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%v, want 503", err)
	}
}

// Known defect: a client that connected as a shutdown began was refused with 503.
func TestLateArrivalIsToldToReconnect(t *testing.T) {
	s := sockets.Open(t)
	s.Stop()
	p := s.Dial(t, "late")
	p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
	p.ExpectClose(1012, "Server restarting")
}

func TestFailedKeysAreThrottledByAddress(t *testing.T) {
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) { w.FailedKeys = 3 })
	dial := func(from string) (*sockets.Person, int) {
		c, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), http.Header{"X-Forwarded-For": {from}})
		if err != nil {
			return nil, resp.StatusCode
		}
		t.Cleanup(func() { c.Close() })
		return &sockets.Person{T: t, Socket: c, Name: from}, 101
	}
	for _, from := range []string{"203.0.113.7", "203.0.113.7:1234", "198.51.100.1, [::ffff:203.0.113.7]:443"} { // one address
		p, _ := dial(from)
		p.Send(`{"type":"auth","apiKey":"x"}`)
		p.Expect("auth_error")
		p.ExpectClose(4001, "Authentication failed")
	}
	if _, status := dial("203.0.113.7"); status != http.StatusTooManyRequests {
		t.Errorf("status %d after three failures, want 429", status)
	}
	if _, status := dial("203.0.113.8"); status != 101 {
		t.Errorf("status %d for another address, want 101", status)
	}
	for range 5 { // an unconfigured proxy is not an address
		p := s.Dial(t, "loopback")
		p.Send(`{"type":"auth","apiKey":"x"}`)
		p.Expect("auth_error")
	}
	s.Legacy(t, "honest")
}

// A legacy client cannot confirm what has arrived; its pong does, so that a resumable sender can drop its copies.
func TestLegacyReceiverConfirmsWithPong(t *testing.T) {
	s := sockets.Open(t)
	a, _ := s.Resumable(t, "a")
	b := s.Legacy(t, "b")
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	b.Send(`{"type":"search"}`)
	b.Expect("searching")
	sockets.Matched(a, b)
	read := make(chan struct{})
	go func() { // gorilla answers pings while it reads
		defer close(read)
		for {
			if _, _, err := b.Socket.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for n := uint64(1); n <= 3; n++ {
		a.Send(`{"type":"message","text":"x","n":` + strconv.FormatUint(n, 10) + `}`)
		if m := a.Expect("ack"); m.Recv != n || m.Delivered != n {
			t.Fatalf("ack %+v, want %d", m, n)
		}
	}
	b.Socket.Close()
	<-read
}
