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
	// mostRequests is how many a connection is good for: more than a page asks for, and fewer than fill the system's
	// buffers with answers that nobody reads.
	mostRequests = 32
)

// arrivalKey is that of the arrival in a request's context.
type arrivalKey struct{}

// Serving returns an http.Server whose connections, accepted through Listen, are bounded by a. The deadlines that net/http
// knows begin anew with each request; those of a count from the accept. An upgrade has none of both: net/http clears its
// own when a connection is hijacked, and a forgets it.
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
		// Its answer to OPTIONS * asks for no origin and reads the body.
		DisableGeneralOptionsHandler: true,
	}
}

// bounded has h answer, and decides whether the connection is kept.
func (a *Arrivals) bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, _ := r.Context().Value(arrivalKey{}).(*arrival)
		if one != nil && one.asked > 0 {
			runtime.Gosched() // many requests that are there already do not hold up a chat
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
		if one != nil && !asksUpgrade(r) { // which needs w as it is
			w = &mover{ResponseWriter: w, arrival: one}
		}
		h.ServeHTTP(w, r)
	})
}

// last counts a request, and reports whether it is the last that is answered: also if more is there already. Browsers and
// proxies wait for an answer before they ask again, and a flood costs one answer. The goroutine that serves the
// connection calls it.
func (one *arrival) last(r *http.Request, reuse time.Duration) bool {
	one.asked++
	return one.asked >= mostRequests || time.Since(one.accepted) >= reuse || !asksUpgrade(r) && unread(one.conn)
}

// forgets has the system drop an answer that the peer does not take within so long, also once the connection is closed:
// otherwise it keeps the answer for minutes. A socket, which has deadlines of its own, undoes that. The goroutine that serves
// the connection calls it.
func (one *arrival) forgets(answers bool, within time.Duration) {
	if one.forgetful == answers {
		return
	}
	if one.forgetful = answers; !answers {
		within = 0
	}
	takeWithin(one.conn, within)
}

// hasBody reports whether a request announces a body, of whatever length.
func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

// expected reports whether a method is one that is answered with something.
func expected(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// refuseBody lets nothing of a body be waited for: net/http would read up to 256 KiB of it after the answer. It takes the
// body for too large instead: then it ends its side, and closes half a second later, so that a client that is still
// sending reads the answer and not a reset.
func refuseBody(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
}

// mover notes each part of an answer that has left. A file of the page may take long on a slow network, as long as it
// moves; io.Copy writes it 32 KiB at a time.
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
