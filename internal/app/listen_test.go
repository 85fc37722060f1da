package app_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"chatme/internal/admin"
	"chatme/internal/app"
	"chatme/internal/cli"
	"chatme/internal/exit"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// both starts a server on a port and on a Unix socket, which believes client addresses only from the latter.
func both(t *testing.T, settings ...string) (s *inside.Served, port, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "http.sock")
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	testbed.Must(t, err)
	killed.SetUnlinkOnClose(false)
	killed.Close()
	environ := append([]string{"WEB_API_KEY=" + inside.WebTestKey, "CHATME_TRUSTED_PROXIES="}, settings...)
	s = inside.StartServed(t, environ, "--addr", "127.0.0.1:0,unix:"+path)
	port, socket, _ := strings.Cut(s.Addr, ",")
	if socket != "unix:"+path {
		t.Fatalf("it listens on %s, want a port and %s", s.Addr, path)
	}
	return s, port, path
}

// The server listens on a port and on a Unix socket of mode 0660, which takes the place of one that a killed server left and
// goes with the server.
func TestListensOnAPortAndASocket(t *testing.T) {
	s, port, path := both(t)
	if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("%v, %v; want a socket of mode 0660", info, err)
	}
	about, err := admin.NewClient(s.DB + ".sock").About(t.Context())
	testbed.Must(t, err)
	want := []admin.Listener{{Addr: port}, {Addr: "unix:" + path}}
	if len(about.Listening) != 2 || about.Listening[0] != want[0] || about.Listening[1] != want[1] {
		t.Errorf("it reports %+v, want %+v", about.Listening, want)
	}
	for name, network := range map[string]string{port: "tcp", path: "unix"} {
		if status, err := attempt(t, network, name, "198.51.100.7"); status != http.StatusSwitchingProtocols {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}

	var said bytes.Buffer
	args := []string{"serve", "--addr", "127.0.0.1:0,unix:" + path, "--db", filepath.Join(t.TempDir(), "other.db")}
	code := cli.Run(t.Context(), &struct {
		Serve app.ServeCmd `cmd:""`
	}{}, args, []string{"WEB_API_KEY=k"}, &said, &said)
	if want := "listen on unix:" + path + ": already in use by another server; name another path (CHATME_ADDR)"; code == exit.OK || !strings.Contains(said.String(), want) {
		t.Errorf("a second server exits with %d and says %s, want %q", code, &said, want)
	}
	if status, err := attempt(t, "unix", path, ""); status != http.StatusSwitchingProtocols {
		t.Errorf("after a second server tried: %d, %v", status, err)
	}

	s.Stop()
	s.WaitEnded()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after the shutdown: %v, want no socket", err)
	}
}

// A client address counts if the proxy on the Unix socket names it, and not if another program on this machine does.
func TestOnlyTheProxyOnTheSocketIsBelieved(t *testing.T) {
	_, port, path := both(t, "CHATME_FAILED_KEYS=2")
	const client, other = "203.0.113.7", "203.0.113.8"
	for range 5 {
		if status, err := attempt(t, "tcp", port, client); status != http.StatusSwitchingProtocols {
			t.Errorf("forged over TCP: %d, %v", status, err)
		}
		if status, err := attempt(t, "unix", path, ""); status != http.StatusSwitchingProtocols {
			t.Errorf("a proxy that names no client: %d, %v", status, err)
		}
	}
	for n, want := range []int{http.StatusSwitchingProtocols, http.StatusSwitchingProtocols, http.StatusTooManyRequests} {
		if status, err := attempt(t, "unix", path, client); status != want {
			t.Errorf("wrong key %d: %d, %v; want %d", n+1, status, err, want)
		}
	}
	if status, err := attempt(t, "unix", path, other); status != http.StatusSwitchingProtocols {
		t.Errorf("another client: %d, %v", status, err)
	}
}

// TLS is for ports: the proxy on a Unix socket has done it.
func TestSocketHasNoTLS(t *testing.T) {
	files := testbed.NewCertFiles(t)
	files.Write(time.Hour)
	s, _, path := both(t, "CHATME_TLS_CERT="+files.Cert, "CHATME_TLS_KEY="+files.Key)
	about, err := admin.NewClient(s.DB + ".sock").About(t.Context())
	testbed.Must(t, err)
	if l := about.Listening; len(l) != 2 || !l[0].TLS || l[1].TLS {
		t.Errorf("it reports %+v", l)
	}
	if status, err := attempt(t, "unix", path, ""); status != http.StatusSwitchingProtocols {
		t.Errorf("%d, %v", status, err)
	}
}

// attempt dials with a wrong key as a proxy does for client, "" for no X-Forwarded-For. It returns the status of the upgrade
// once the server has answered the key.
func attempt(t *testing.T, network, addr, client string) (status int, err error) {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	header := http.Header{}
	if client != "" {
		header.Set("X-Forwarded-For", client)
	}
	socket, response, err := dialer.DialContext(testbed.Step(t), "ws://chatme/", header)
	if response != nil {
		status = response.StatusCode
	}
	if err != nil {
		return status, err
	}
	defer socket.Close()
	testbed.Must(t, socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"auth","apiKey":"wrong"}`)))
	for err == nil {
		_, _, err = socket.ReadMessage()
	}
	return status, nil
}
