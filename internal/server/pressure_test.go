package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/pace"
	"chatme/internal/server"
	"chatme/internal/stage"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"

	"github.com/gorilla/websocket"
)

// testIdentity returns a certificate for a gate.
func testIdentity(t *testing.T) *tls.Config {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"http/1.1"}}
}

// get sends one request on conn.
func get(conn net.Conn, path string) (*http.Response, error) {
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

// Known defect: silent connections kept all other clients out. Now the oldest is closed to make room.
func TestArrivalsMakeRoom(t *testing.T) {
	const limit = 4
	s := sockets.Open(t)
	times := server.DefaultTimes
	times.Grace = time.Millisecond
	g := openGate(t, s.Server, limit, times, transport{})
	for range 10 {
		silent := make([]net.Conn, limit)
		for i := range silent {
			silent[i] = g.dial(t)
		}
		resp, err := get(g.dial(t), "/healthz")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("beside silent connections a client gets %v", err)
		}
		if _, err := silent[0].Read(make([]byte, 1)); err == nil {
			t.Error("the oldest is still open")
		}
		if n := g.arrivals.Len(); n > limit {
			t.Errorf("%d connections are open", n)
		}
	}
	if n := strings.Count(g.log.String(), `"level":"WARN","msg":"too many connections that have not authenticated`); n != 1 {
		t.Errorf("%d warnings, want one a minute:\n%s", n, g.log)
	}
}

// Many clients that connect and send a request at once are not an attack: none is closed, however low the limit.
func TestCrowdIsServedInItsOrder(t *testing.T) {
	const crowd, limit = 200, 3
	s := sockets.Open(t)
	for name, over := range transports(t) {
		t.Run(name, func(t *testing.T) {
			times := server.DefaultTimes
			times.Grace = 2 * time.Second // TLS waits for a peer in between, and this machine may be busy
			g := openGate(t, s.Server, limit, times, over)
			var all sync.WaitGroup
			for i := range crowd {
				conn := g.dial(t)
				all.Go(func() {
					defer conn.Close()
					if i%2 == 0 {
						if resp, err := get(conn, "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
							t.Errorf("%d: %v", i, err)
						}
						return
					}
					dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return conn, nil }}
					if _, _, err := dialer.Dial("ws://"+g.addr, nil); err != nil {
						t.Errorf("%d: %v", i, err)
					}
				})
			}
			all.Wait()
		})
	}
}

// An upgraded socket no longer counts as an arrival: none of the times applies to it, and it is not closed for another.
func TestUpgradedSocketKeepsNoDeadline(t *testing.T) {
	s := sockets.Open(t)
	for name, over := range transports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := openGate(t, s.Server, 1, shortTimes, over)
			dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return g.dial(t), nil }}
			c, _, err := dialer.Dial("ws://"+g.addr, nil)
			testbed.Must(t, err)
			defer c.Close()
			until(t, "it is no longer counted", func() bool { return g.arrivals.Len() == 0 })
			p := &sockets.Person{T: t, Socket: c, Name: "p"}
			p.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
			p.Expect("auth_success")
			<-time.After(shortTimes.Arrive + shortTimes.Answer + 10*shortTimes.Look)
			for range 3 {
				if _, err := get(g.dial(t), "/healthz"); err != nil {
					t.Error(err)
				}
			}
			p.Quiet()
		})
	}
}

// A browser that loads a page keeps its connection. Later, or after many requests, an answer is marked as the last.
func TestKeepAlive(t *testing.T) {
	s := sockets.Open(t)
	times := server.DefaultTimes
	times.Reuse = time.Minute
	g := openGate(t, s.Server, 10, times, transport{})
	late := times
	late.Reuse = time.Nanosecond
	l := openGate(t, s.Server, 10, late, transport{})
	for name, tt := range map[string]struct {
		gate        *gate
		least, most int // requests that are answered
	}{"a page": {g, 20, 100}, "late": {l, 1, 1}} {
		t.Run(name, func(t *testing.T) {
			conn := tt.gate.dial(t)
			reader := bufio.NewReader(conn)
			for asked := 1; ; asked++ {
				fmt.Fprint(conn, "GET /chatme.js HTTP/1.1\r\nHost: x\r\n\r\n")
				resp, err := http.ReadResponse(reader, nil)
				testbed.Must(t, err)
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Fatal(err)
				}
				if !resp.Close && asked <= tt.most {
					continue
				}
				if asked < tt.least || asked > tt.most {
					t.Errorf("request %d is answered, and Connection: close is %v", asked, resp.Close)
				}
				break
			}
			if _, err := reader.ReadByte(); err != io.EOF {
				t.Errorf("after the last answer: %v", err)
			}
		})
	}
}

// A file that is larger than the system's buffers, and that the client does not read, is an answer without progress.
func TestLargeFileThatIsNotRead(t *testing.T) {
	file := make([]byte, 32<<20)
	for name, over := range transports(t) {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{}, 1)
			g := openGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
			}), 10, shortTimes, over)
			conn := g.dial(t)
			if _, err := io.WriteString(conn, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			<-asked
			until(t, "it is closed", func() bool { return g.arrivals.Len() == 0 })
			// On a Unix socket, the peer keeps what it was sent, and is not reset.
			if n, err := io.Copy(io.Discard, conn); err == nil && !over.unix || n >= int64(len(file)) {
				t.Errorf("%d bytes and %v: the whole file was sent", n, err)
			}
		})
	}
}

// A large file of a custom page takes longer than any of the times on a slow network, and arrives whole.
func TestLargeFileOnASlowNetwork(t *testing.T) {
	stage.Long(t)
	file := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	times := shortTimes
	times.Arrive, times.Answer = pace.Waited(times.Arrive), pace.Waited(times.Answer)
	g := openGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	}), 10, times, transport{})
	conn := g.dial(t)
	resp, err := get(conn, "/large")
	testbed.Must(t, err)
	got := 0
	tick := time.NewTicker(times.Arrive / 16)
	defer tick.Stop()
	for buffer := make([]byte, len(file)/64); ; <-tick.C { // 64 parts: four times as long as a connection may take
		n, err := io.ReadFull(resp.Body, buffer)
		if got += n; err != nil {
			break
		}
	}
	if got != len(file) {
		t.Errorf("%d bytes of %d arrived", got, len(file))
	}
}
