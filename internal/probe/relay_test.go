package probe

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/pace"
	"chatme/internal/testbed"

	"github.com/gorilla/websocket"
)

// tamper is a faulty proxy in front of a server, which shows that the probe finds the fault. Every field may be nil.
type tamper struct {
	answers  func(w http.ResponseWriter, r *http.Request) bool // answers the request instead of the server
	origin   func(string) string                               // what becomes of Origin
	toServer func(frame string) []string                       // the frames to send instead of this one
	toClient func(frame string) []string
	mute     bool   // neither pings nor pongs pass
	close    [2]int // the server's close code to change, and the new one
}

// front starts the proxy in front of the server at addr, and returns the proxy's address.
func (tp tamper) front(tb testing.TB, addr string) string {
	to := &url.URL{Scheme: "http", Host: addr}
	plain := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case tp.answers != nil && tp.answers(w, r):
		case websocket.IsWebSocketUpgrade(r):
			tp.upgrade(w, r, addr)
		default:
			plain.ServeHTTP(w, r)
		}
	}))
	tb.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://")
}

func (tp tamper) upgrade(w http.ResponseWriter, r *http.Request, addr string) {
	header := http.Header{"Host": {r.Host}}
	if origin := r.Header.Get("Origin"); origin != "" {
		header.Set("Origin", origin)
		if tp.origin != nil {
			header.Set("Origin", tp.origin(origin))
		}
	}
	server, response, err := websocket.DefaultDialer.DialContext(r.Context(), "ws://"+addr, header)
	if err != nil {
		status := http.StatusBadGateway
		if response != nil {
			status = response.StatusCode
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	client, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		server.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		tp.pump(client, server, tp.toServer)
	}()
	tp.pump(server, client, tp.toClient)
	<-done
	client.Close()
	server.Close()
}

// closeAnswer is how long a close frame may wait for its answer.
const closeAnswer = 2 * time.Second

// pump passes on frames from one side until it ends, then ends the other side in the same way. After a close frame it waits for the
// answer: closing a socket with unread data would drop the frame.
func (tp tamper) pump(from, to *websocket.Conn, change func(string) []string) {
	pass := func(kind int) func(string) error {
		return func(data string) error {
			if !tp.mute {
				to.WriteControl(kind, []byte(data), time.Now().Add(pace.Of(testbed.StepTimeout)))
			}
			return nil
		}
	}
	from.SetPingHandler(pass(websocket.PingMessage))
	from.SetPongHandler(pass(websocket.PongMessage))
	from.SetCloseHandler(func(int, string) error { return nil }) // the other side answers
	for {
		_, data, err := from.ReadMessage()
		if end, ok := errors.AsType[*websocket.CloseError](err); ok && end.Code != websocket.CloseAbnormalClosure {
			if end.Code == tp.close[0] {
				end.Code = tp.close[1]
			}
			to.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(end.Code, end.Text), time.Now().Add(pace.Of(testbed.StepTimeout)))
			to.SetReadDeadline(time.Now().Add(pace.Of(closeAnswer)))
			return
		}
		if err != nil {
			to.Close()
			return
		}
		frames := []string{string(data)}
		if change != nil {
			frames = change(frames[0])
		}
		for _, frame := range frames {
			to.WriteMessage(websocket.TextMessage, []byte(frame))
		}
	}
}

// without drops the frames of this type.
func without(kind string) func(string) []string { return dropping(`{"type":"` + kind + `"`) }

// dropping drops the frames that contain text.
func dropping(text string) func(string) []string {
	return func(frame string) []string {
		if strings.Contains(frame, text) {
			return nil
		}
		return []string{frame}
	}
}

// repeating sends frames that end with text many times.
func repeating(text string) func(string) []string {
	return func(frame string) []string {
		if strings.HasSuffix(frame, text) {
			return slices.Repeat([]string{frame}, 9)
		}
		return []string{frame}
	}
}

// replacing replaces a text in every frame.
func replacing(old, by string) func(string) []string {
	return func(frame string) []string { return []string{strings.ReplaceAll(frame, old, by)} }
}
