package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/server"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"

	"golang.org/x/sys/unix"
)

// A connection is limited to some requests, whatever the answers. Known defect: a 426 replaced the header that marks the
// last answer, and a flood of requests was answered for as long as it came.
func TestEveryAnswerIsCounted(t *testing.T) {
	s := sockets.Open(t)
	g := openGate(t, s.Server, 10, server.DefaultTimes, transport{})
	for _, path := range []string{"/none", "/healthz", "/"} {
		conn := g.dial(t)
		go io.WriteString(conn, strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", 10_000))
		answers, _ := io.ReadAll(conn) // a reset discards the rest of the requests
		if n := bytes.Count(answers, []byte("HTTP/1.1 ")); n == 0 || n > 32 {
			t.Errorf("%s: %d answers", path, n)
		}
	}
}

// The system drops an answer that the peer does not take, soon after the close. Known defect: it was kept for minutes,
// and thousands of connections that read nothing used up the machine's memory without using a descriptor.
func TestAnswersNotTakenAreDropped(t *testing.T) {
	s := sockets.Open(t)
	g := openGate(t, s.Server, 10, shortTimes, transport{})
	conn := g.dial(t).(*net.TCPConn)
	testbed.Must(t, conn.SetReadBuffer(1))
	_, err := io.WriteString(conn, "GET /chatme.js HTTP/1.1\r\nHost: x\r\n\r\n")
	testbed.Must(t, err)
	until(t, "its descriptor is closed", func() bool { return g.arrivals.Len() == 0 })
	until(t, "the system has dropped it", func() bool { return !systemKnows(t, conn.RemoteAddr(), conn.LocalAddr()) })
}

// A socket is not dropped for data that its peer does not take, even on a connection that was used for a request before:
// it has its own deadlines.
func TestSocketIsNotDropped(t *testing.T) {
	timeout := make(chan int, 1) // the timeout of the socket; sent by the handler
	g := openGate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		raw, err := conn.(syscall.Conn).SyscallConn()
		testbed.Must(t, err)
		raw.Control(func(fd uintptr) {
			ms, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
			testbed.Must(t, err)
			timeout <- ms
		})
	}), 10, server.DefaultTimes, transport{})
	conn := g.dial(t)
	_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	testbed.Must(t, err)
	_, err = conn.Read(make([]byte, 4096))
	testbed.Must(t, err)
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	testbed.Must(t, err)
	if ms := <-timeout; ms != 0 {
		t.Errorf("the system ends a socket after %d ms", ms)
	}
}

// systemKnows reports whether there is a TCP connection from here to there, in any state (proc_net_tcp).
func systemKnows(t *testing.T, here, there net.Addr) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	testbed.Must(t, err)
	port := func(a net.Addr) string { return fmt.Sprintf("0100007F:%04X", a.(*net.TCPAddr).Port) }
	return bytes.Contains(table, []byte(port(here)+" "+port(there)))
}
