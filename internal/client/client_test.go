package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestLegacyClientSpeaksOnlyTheBaseProtocol(t *testing.T) {
	c, p := newStage(t).connect(t, Options{APIKey: "k", Legacy: true})
	ctx := testContext(t)
	p.says(`{"type":"auth_success"}`, `{"type":"matched","partnerId":"p1"}`)
	must(c.Greet(ctx))(t)
	must(c.Expect(ctx, "matched"))(t)
	check(t, c.Search())
	check(t, c.Next())
	if n := must(c.Send("hi"))(t); n != 0 {
		t.Errorf("number %d", n)
	}
	must(c.SendImage("https://example.org/a.png"))(t)
	check(t, c.Typing(true))
	check(t, c.Typing(false))
	check(t, c.Ping())
	check(t, c.SendRaw([]byte("{raw")))
	check(t, c.End())
	p.hears(`{"type":"auth","apiKey":"k"}`, `{"type":"search"}`, `{"type":"search"}`, `{"type":"message","text":"hi"}`,
		`{"type":"message","imageUrl":"https://example.org/a.png"}`, `{"type":"typing_start"}`, `{"type":"typing_stop"}`,
		`{"type":"ping"}`, `{raw`, `{"type":"end_chat"}`)
	if o := c.Resume(); o.Resume != nil || !o.Legacy || o.APIKey != "k" {
		t.Errorf("resumes with %+v", o)
	}
}

func TestResumableClientKeepsItsState(t *testing.T) {
	s := newStage(t)
	c, p := s.connect(t, Options{APIKey: "k"})
	ctx := testContext(t)
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1}}`)
	p.says(`{"type":"auth_success"}`, `{"type":"session_id","sessionId":"cm1_x","epoch":"e1"}`)
	if m := must(c.Greet(ctx))(t); m.SessionID != "cm1_x" {
		t.Errorf("%+v", m)
	}
	p.says(`{"type":"searching"}`, `{"type":"matched","partnerId":"p1"}`)
	must(c.Await(ctx, "matched"))(t)
	for _, text := range []string{"one", "two", "three"} {
		must(c.Send(text))(t)
	}
	p.hears(`{"type":"message","partnerId":"p1","text":"one","n":1}`, `{"type":"message","partnerId":"p1","text":"two","n":2}`,
		`{"type":"message","partnerId":"p1","text":"three","n":3}`)
	p.says(`{"type":"ack","recv":1,"delivered":1}`, `{"type":"message","from":"p1","text":"a","n":1,"ts":5}`,
		`{"type":"gap","n":2}`, `{"type":"error","code":"bad_image","n":3}`)
	must(c.Await(ctx, "error"))(t)
	check(t, c.Ack())
	check(t, c.Sleep(time.Minute))
	check(t, c.Next())
	p.hears(`{"type":"ack","partnerId":"p1","got":2}`, `{"type":"sleep","forMs":60000}`, `{"type":"search","partnerId":"p1"}`)
	want := State{SessionID: "cm1_x", Epoch: "e1", Asked: true, Partner: "p1", Got: 2, Sent: 3, Acked: 1, Copies: []Body{{N: 2, Text: "two"}}}
	if got := c.State(); !reflect.DeepEqual(got, want) {
		t.Errorf("state %+v, want %+v", got, want)
	}

	// Messages that were not taken do not count.
	p.says(`{"type":"searching"}`, `{"type":"matched","partnerId":"p2"}`)
	c.Drop()
	c, p = s.connect(t, c.Resume())
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":"cm1_x","epoch":"e1","partnerId":"p1","got":2,"acked":1}}`)
	p.says(`{"type":"auth_success"}`, `{"type":"resumed","epoch":"e1","state":"matched","partnerId":"p1","recv":1,"last":3}`)
	must(c.Greet(ctx))(t)
	check(t, c.Resend())
	must(c.Send("four"))(t)
	p.hears(`{"type":"message","partnerId":"p1","text":"two","n":2}`, `{"type":"message","partnerId":"p1","text":"four","n":4}`)

	p.says(`{"type":"partner_disconnected"}`)
	must(c.Expect(ctx, "partner_disconnected"))(t)
	check(t, c.Resend()) // resends nothing in a chat that is over,
	check(t, c.Next())   // and Next does not leave it
	p.says(`{"type":"searching"}`)
	must(c.Expect(ctx, "searching"))(t)
	check(t, c.Ack())
	p.hears(`{"type":"search"}`, `{"type":"ack","partnerId":"p1","got":2}`)
	p.says(`{"type":"matched","partnerId":"p2"}`)
	must(c.Expect(ctx, "matched"))(t)
	if got, want := c.State(), (State{SessionID: "cm1_x", Epoch: "e1", Partner: "p2"}); !reflect.DeepEqual(got, want) {
		t.Errorf("state %+v, want %+v", got, want)
	}
	p.says(`{"type":"chat_ended"}`)
	must(c.Expect(ctx, "chat_ended"))(t)
	if o := c.Resume(); o.Resume != nil {
		t.Errorf("an ended session is resumed: %+v", o.Resume)
	}
}

func TestErrorsNameTheUnexpectedMessage(t *testing.T) {
	c, p := newStage(t).connect(t, Options{})
	ctx := testContext(t)
	p.says(`{"type":"auth_success"}`, `{"type":"auth_error","error":"Invalid API key"}`)
	must(c.Expect(ctx, "auth_success"))(t)
	_, err := c.Expect(ctx, "searching", "matched")
	if want := "want searching or matched, got auth_error{error=Invalid API key} (after auth_success)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Recv(ended); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "auth_error") {
		t.Errorf("got %v", err)
	}
	if c.CloseErr() != nil {
		t.Errorf("ended: %v", c.CloseErr())
	}
}

func TestCloseErrReportsHowTheSocketEnded(t *testing.T) {
	tests := map[string]struct {
		end    func(c *Client, p *peer)
		code   int
		reason string
	}{
		"the server closes": {func(_ *Client, p *peer) {
			p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1012, "Server restarts"), soon())
		}, 1012, "Server restarts"},
		"the server drops":     {func(_ *Client, p *peer) { p.ws.NetConn().Close() }, CloseLost, ""},
		"this client drops":    {func(c *Client, _ *peer) { c.Drop() }, CloseLost, ""},
		"this client closes":   {func(c *Client, p *peer) { go p.ws.ReadMessage(); c.Close(1001) }, 1001, ""},
		"the server is broken": {func(_ *Client, p *peer) { p.says("rot") }, CloseLost, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, p := newStage(t).connect(t, Options{NoAuth: true})
			p.says(`{"type":"pong"}`)
			ctx := testContext(t)
			must(c.Expect(ctx, "pong"))(t)
			p.says(`{"type":"searching"}`)
			tt.end(c, p)
			<-c.Done()
			var end *CloseError
			for {
				if _, err := c.Recv(ctx); err != nil {
					if !errors.As(err, &end) {
						t.Fatal(err)
					}
					break
				}
			}
			if end.Code != tt.code || end.Reason != tt.reason || end != c.CloseErr() {
				t.Errorf("got %v, want %d %q", end, tt.code, tt.reason)
			}
		})
	}
}

func TestDropWithAFullBuffer(t *testing.T) {
	c, p := newStage(t).connect(t, Options{Buffer: 1})
	p.says(`{"type":"pong"}`, `{"type":"pong"}`, `{"type":"pong"}`)
	c.Drop()
	<-c.Done()
}

func TestPingsAreAnsweredUnlessMute(t *testing.T) {
	for name, mute := range map[string]bool{"answering": false, "mute": true} {
		t.Run(name, func(t *testing.T) {
			c, p := newStage(t).connect(t, Options{NoAuth: true, Mute: mute})
			pongs := 0
			p.ws.SetPongHandler(func(string) error { pongs++; return nil })
			check(t, p.ws.WriteControl(websocket.PingMessage, nil, soon()))
			check(t, p.ws.WriteControl(websocket.PingMessage, []byte("7"), soon()))
			p.says(`{"type":"pong"}`)
			must(c.Expect(testContext(t), "pong"))(t)
			check(t, c.Ping())
			p.hears(`{"type":"ping"}`)
			if want := map[bool]int{false: 2}[mute]; pongs != want {
				t.Errorf("%d pongs, want %d", pongs, want)
			}
		})
	}
}

// A number asks what was seen: the answer follows what the caller sends because of that.
func TestNumberedPingWaitsForEarlierMessages(t *testing.T) {
	c, p := newStage(t).connect(t, Options{NoAuth: true})
	ctx := testContext(t)
	var heard []string
	p.ws.SetPongHandler(func(data string) error { heard = append(heard, "pong "+data); return nil })
	ping := func(data string) {
		check(t, p.ws.WriteControl(websocket.PingMessage, []byte(data), soon()))
	}
	next := func(want ...string) {
		t.Helper()
		_, frame, err := p.ws.ReadMessage()
		check(t, err)
		if heard = append(heard, string(frame)); !reflect.DeepEqual(heard, want) {
			t.Errorf("heard %q, want %q", heard, want)
		}
		heard = nil
	}
	p.says(`{"type":"matched","partnerId":"p1"}`, `{"type":"partner_disconnected"}`)
	ping("1")
	p.says(`{"type":"matched","partnerId":"p2"}`)
	must(c.Expect(ctx, "matched"))(t)
	check(t, c.SendRaw([]byte("for p1")))
	next("for p1")
	must(c.Expect(ctx, "partner_disconnected"))(t)
	must(c.Expect(ctx, "matched"))(t)
	check(t, c.SendRaw([]byte("for p2")))
	next("pong 1", "for p2")
	ping("2") // no messages are left to take
	p.says(`{"type":"pong"}`)
	must(c.Expect(ctx, "pong"))(t)
	check(t, c.SendRaw([]byte("after")))
	next("pong 2", "after")
}

func TestDialSendsItsOptions(t *testing.T) {
	tapped := make(chan string, 1)
	c, p := newStage(t).connect(t, Options{
		Origin: "http://localhost:5173", Header: http.Header{"User-Agent": {"probe"}}, LocalAddr: "127.0.0.9",
		Tap: func(frame []byte) { tapped <- string(frame) },
	})
	if p.header.Get("Origin") != "http://localhost:5173" || p.header.Get("User-Agent") != "probe" || !strings.HasPrefix(p.addr, "127.0.0.9:") {
		t.Errorf("%v from %s", p.header, p.addr)
	}
	p.says(`{"type":"pong","new":1}`)
	must(c.Expect(testContext(t), "pong"))(t)
	if got := <-tapped; got != `{"type":"pong","new":1}` {
		t.Errorf("tapped %s", got)
	}
}

func TestDialRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "Forbidden - Invalid origin\n")
	}))
	defer server.Close()
	_, err := Dial(testContext(t), server.URL, Options{})
	refused, ok := errors.AsType[*RefusedError](err)
	if !ok || refused.Status != http.StatusForbidden || refused.Body != "Forbidden - Invalid origin" {
		t.Errorf("got %v", err)
	}
	server.Close()
	if _, err := Dial(testContext(t), server.URL, Options{}); err == nil || errors.As(err, &refused) {
		t.Errorf("no listener: %v", err)
	}
}

func TestPingSocket(t *testing.T) {
	c, p := newStage(t).connect(t, Options{NoAuth: true})
	ctx := testContext(t)
	go p.ws.ReadMessage() // answers pings
	for range 2 {
		check(t, c.PingSocket(ctx))
	}
	check(t, p.ws.WriteControl(websocket.PongMessage, []byte("asked by nobody"), soon()))
	check(t, c.PingSocket(ctx))
	p.ws.SetPingHandler(func(string) error { return p.ws.NetConn().Close() })
	var end *CloseError
	if err := c.PingSocket(ctx); !errors.As(err, &end) {
		t.Errorf("lost socket: %v", err)
	}
}

func TestPingSocketIsBounded(t *testing.T) {
	c, p := newStage(t).connect(t, Options{NoAuth: true})
	asked := make(chan struct{})
	p.ws.SetPingHandler(func(string) error { close(asked); return nil })
	go p.ws.ReadMessage()
	ctx, cancel := context.WithCancel(testContext(t))
	go func() { <-asked; cancel() }()
	if err := c.PingSocket(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Errors do not quote a stranger's message.
func TestErrorsWithoutTexts(t *testing.T) {
	c, p := newStage(t).connect(t, Options{NoAuth: true, NoText: true})
	ctx := testContext(t)
	p.says(`{"type":"message","text":"private","from":"x"}`, `{"type":"message","text":"private","from":"y"}`)
	for _, from := range []string{"x", "y"} {
		_, err := c.Expect(ctx, "matched")
		if err == nil || strings.Contains(err.Error(), "private") || !strings.Contains(err.Error(), "message{from="+from+"}") {
			t.Errorf("got %v", err)
		}
	}
}

// If a server closes the socket at once, Dial returns its close code, whether auth can still be sent or not.
func TestDialClosedAtOnce(t *testing.T) {
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1012, "Server restarting"), soon())
		for err == nil {
			_, _, err = ws.NextReader()
		}
	}))
	defer server.Close()
	for range 200 {
		c, err := Dial(testContext(t), server.URL, Options{})
		if err == nil {
			_, err = c.Recv(testContext(t))
		}
		if end, ok := errors.AsType[*CloseError](err); !ok || end.Code != 1012 {
			t.Fatalf("got %v, want close 1012", err)
		}
	}
}

// What is written to a server that has closed fails with its close frame. Known defect: it failed with "close sent" or "broken pipe"
// while that was being read, and the probe named the wrong fault.
func TestWriteToAServerThatHasClosed(t *testing.T) {
	s := newStage(t)
	for round := range 200 {
		c, p := s.connect(t, Options{NoAuth: true})
		if err := p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1008, "abuse"), soon()); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			p.ws.Close()
		}
		var err error
		for err == nil {
			err = c.SendRaw([]byte("{}"))
		}
		if end, ok := errors.AsType[*CloseError](err); !ok || end.Code != 1008 {
			t.Fatalf("%v, want close 1008", err)
		}
		c.Drop()
	}
}
