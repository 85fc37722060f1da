package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"

	"github.com/gorilla/websocket"
)

// TestNetworkSettings limits what a network holds, and changes that by a reload. The log names no network.
func TestNetworkSettings(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "chatme.conf")
	write := func(sockets, searches string) {
		t.Helper()
		text := fmt.Sprintf("WEB_API_KEY=a-key-of-this-test\nCHATME_MAX_CONNS=20\nCHATME_LOG_LEVEL=debug\nCHATME_NETWORK_CONNECTS=1000,1000/s\nCHATME_NETWORK_SOCKETS=%s\nCHATME_NETWORK_SEARCHES=%s\n", sockets, searches)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("3", "100,20/s")
	s := inside.StartServed(t, nil, "--config", conf)
	from := func(addr string) int {
		t.Helper()
		c, resp, err := websocket.DefaultDialer.Dial("ws://"+s.Addr, http.Header{"X-Forwarded-For": {addr}})
		if err == nil {
			t.Cleanup(func() { c.Close() })
			testbed.Must(t, c.WriteMessage(websocket.TextMessage, []byte(`{"type":"auth","apiKey":"a-key-of-this-test"}`)))
			_, _, err = c.ReadMessage() // few may be unauthenticated for long
			testbed.Must(t, err)
		}
		if resp == nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	for i := range 11 {
		if status := from(fmt.Sprintf("198.51.100.%d", 1+i)); status != http.StatusSwitchingProtocols {
			t.Fatalf("client %d: status %d", i, status)
		}
	}
	holds := func(most int) {
		t.Helper()
		for i := range most {
			if status := from("203.0.113.77"); status != http.StatusSwitchingProtocols {
				t.Fatalf("socket %d of a network: status %d", i, status)
			}
		}
		if status := from("203.0.113.77"); status != http.StatusServiceUnavailable {
			t.Errorf("one socket more: status %d, want 503", status)
		}
	}
	holds(3)

	write("5", "100,20/s")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.Logged("reloaded", 1)
	holds(2)

	write("5", "0,20/s")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	line := s.Logged("reload failed, keeping the current configuration", 1)
	if problems := fmt.Sprint(line["problems"]); !strings.Contains(problems, "CHATME_NETWORK_SEARCHES (0,20/s) must have at least 1 on both sides of the comma") {
		t.Errorf("problems %s", problems)
	}
	if log := s.Log.String(); strings.Contains(log, "203.0.113") || strings.Contains(log, "198.51.100") {
		t.Errorf("the log holds an address:\n%s", log)
	}
}
