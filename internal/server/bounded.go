package server

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"
)

const (
	// maxHeader bounds the header of a request, in bytes.
	maxHeader = 16 << 10
	// mostRequests is the number of requests per connection: more than a page makes, and too few to fill the system's
	// buffers with unread answers.
	mostRequests = 32
)

// arrivalKey is the key of the arrival in a request's context.
type arrivalKey struct{}

// Serving returns an http.Server whose connections, accepted through Listen, are bounded by a. The deadlines of net/http
// restart with each request; those of a count from the accept. Neither applies to an upgraded connection: net/http
// clears its own when a connection is hijacked, and a forgets the connection.
func (a *Arrivals) Serving(h http.Handler, errorLog *log.Logger) *http.Server {
	return &http.Server{
		Handler:           a.bounded(h),
		ReadHeaderTimeout: a.times.Arrive,
		IdleTimeout:       a.times.Arrive,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          errorLog,
		ConnState:         a.note,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, arrivalKey{}, a.find(conn))
		},
		// The default answer to OPTIONS * ignores the origin and reads the body.
		DisableGeneralOptionsHandler: true,
	}
}

// bounded wraps h and decides whether the connection is kept.
func (a *Arrivals) bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, _ := r.Context().Value(arrivalKey{}).(*arrival)
		if one != nil && one.asked > 0 {
			runtime.Gosched() // many pending requests do not delay a chat
		}
		if one != nil {
			a.moves(one, r)
		}
		if hasBody(r) {
			refuseBody(w)
		}
		if hasBody(r) || !expected(r.Method) || one != nil && one.last(r, a.times.Reuse) {
			w.Header().Set("Connection", "close")
		}
		if one != nil {
			one.forgets(!asksUpgrade(r), a.times.Answer)
		}
		if one != nil && !asksUpgrade(r) { // an upgrade needs w itself
			w = &mover{ResponseWriter: w, arrival: one}
		}
		h.ServeHTTP(w, r)
		if one != nil && hasBody(r) {
			a.refused(one) // net/http waits for half a second now
		}
	})
}

// refused records that the request of one was refused because of its body: no answer is owed any more.
func (a *Arrivals) refused(one *arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one.served = true
}

// last counts a request, and reports whether it is the last that is answered, even if more are waiting. Browsers and
// proxies wait for an answer before the next request, and a flood costs one answer. Only the goroutine that serves the
// connection may call it.
func (one *arrival) last(r *http.Request, reuse time.Duration) bool {
	one.asked++
	return one.asked >= mostRequests || time.Since(one.accepted) >= reuse || !asksUpgrade(r) && unread(one.conn)
}

// forgets makes the system drop an answer that the peer does not take within the given time, even after the connection
// is closed: otherwise the system keeps the answer for minutes. A socket, which has its own deadlines, undoes that. Only
// the goroutine that serves the connection may call it.
func (one *arrival) forgets(answers bool, within time.Duration) {
	if one.forgetful == answers {
		return
	}
	if one.forgetful = answers; !answers {
		within = 0
	}
	takeWithin(one.conn, within)
}

// hasBody reports whether a request announces a body of any length.
func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

// expected reports whether the server supports a method.
func expected(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// refuseBody makes net/http not wait for the body: it would read up to 256 KiB of it after the answer. Instead, net/http
// treats the body as too large: it closes its side, and the connection half a second later, so that a client that is
// still sending reads the answer and not a reset.
func refuseBody(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
}

// mover records each part of an answer that has left. A file of the page may take long on a slow network, as long as it
// makes progress; io.Copy writes it 32 KiB at a time.
type mover struct {
	http.ResponseWriter
	arrival *arrival
}

func (m *mover) Write(p []byte) (int, error) {
	n, err := m.ResponseWriter.Write(p)
	m.arrival.moved.Store(time.Now().UnixNano())
	return n, err
}

// Unwrap is for http.ResponseController.
func (m *mover) Unwrap() http.ResponseWriter { return m.ResponseWriter }
