package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"chatme/internal/pace"
)

// lineTimeout bounds what takes milliseconds.
const lineTimeout = 20 * time.Second

// openLine returns the client's and the server's end of a connection through a new link.
func openLine(t *testing.T, delay time.Duration, rate int) (l *Link, client, server *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	if l, err = New("", listener.Addr().String(), delay, rate, make(chan struct{})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	dialed, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{dialed, accepted} {
		conn.SetDeadline(time.Now().Add(pace.Of(lineTimeout)))
		t.Cleanup(func() { conn.Close() })
	}
	return l, dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

func TestLinkDelaysAndKeepsTheOrder(t *testing.T) {
	t.Parallel()
	const delay = 80 * time.Millisecond
	_, client, server := openLine(t, delay, 0)
	sent := bytes.Repeat([]byte("0123456789"), 100_000)
	began := time.Now()
	go func() {
		client.Write(sent)
		client.CloseWrite()
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(server, first); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("the first byte arrived after %v", took)
	}
	rest, err := io.ReadAll(server)
	if err != nil || !bytes.Equal(append(first, rest...), sent) {
		t.Errorf("%d bytes of %d arrived, %v", 1+len(rest), len(sent), err)
	}
}

func TestLinkHasARate(t *testing.T) {
	t.Parallel()
	const rate = 1 << 20
	_, client, server := openLine(t, 0, rate)
	sent := make([]byte, rate/4)
	began := time.Now()
	go client.Write(sent)
	if _, err := io.ReadFull(server, make([]byte, len(sent))); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("a quarter of a second's bytes arrived after %v", took)
	}
}

func TestLinkPassesOnAHalfClose(t *testing.T) {
	t.Parallel()
	_, client, server := openLine(t, time.Millisecond, 0)
	client.CloseWrite()
	if n, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("read %d, %v, want the end", n, err)
	}
	if _, err := server.Write([]byte("still here")); err != nil {
		t.Fatal(err)
	}
	server.CloseWrite()
	if got, err := io.ReadAll(client); err != nil || string(got) != "still here" {
		t.Errorf("read %q, %v", got, err)
	}
}

// A server that is killed with unread data resets the connection; its client must not continue as if it were alive.
func TestLinkPassesOnAReset(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"server", "client"} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			_, breaks, hears := openLine(t, time.Millisecond, 0)
			if from == "server" {
				breaks, hears = hears, breaks
			}
			reset(breaks)
			if n, err := hears.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("read %d, %v, want a reset", n, err)
			}
		})
	}
}

func TestDarkLinkPassesNothing(t *testing.T) {
	t.Parallel()
	l, client, server := openLine(t, time.Millisecond, 0)
	client.Write([]byte("x"))
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil { // the link has accepted the connection
		t.Fatal(err)
	}
	cut := l.Darken()
	client.Write([]byte("lost"))
	client.CloseWrite()
	server.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := server.Read(make([]byte, 1)); !isTimeout(err) {
		t.Errorf("read %d, %v, want nothing", n, err)
	}
	fresh, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatalf("a new connection: %v", err)
	}
	defer fresh.Close()
	cut()
	server.SetReadDeadline(time.Now().Add(pace.Of(lineTimeout)))
	if n, err := server.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %d, %v, want a reset", n, err)
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func TestLinkWithoutAServerIsReset(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // nothing listens there
	l, err := New("", listener.Addr().String(), 0, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr())
	if errors.Is(err, syscall.ECONNRESET) {
		return // at once
	}
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(time.Now().Add(pace.Of(lineTimeout)))
	if n, err := client.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("read %d, %v, want a reset", n, err)
	}
}
