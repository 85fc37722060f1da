package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// TestReloadOnHangup rotates a key with overlap, changes origins and rejects an invalid file, all without a restart.
func TestReloadOnHangup(t *testing.T) {
	const (
		first, second, third = "the-first-key-1234", "the-second-key-123", "the-third-key-1234"
		home, guest          = "https://home.example", "https://guest.example"
	)
	dir := t.TempDir()
	conf, keys := filepath.Join(dir, "chatme.conf"), filepath.Join(dir, "keys")
	write := func(file, content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := "WEB_API_KEY_FILE=" + keys + "\nALLOWED_ORIGINS="
	write(conf, settings+home)
	write(keys, first)
	s := inside.StartServed(t, nil, "--config", conf)
	hangup := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	early, err := s.Dial(first, false)
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(s, map[string]bool{first: true, second: false})
	wantPage(s, first, "frame-ancestors 'self' "+home+";")
	wantOrigins(s, map[string]bool{home: true, guest: false})

	// Both keys are accepted for a while; the page carries the new one. A setting that needs a restart is named and unchanged.
	write(keys, second+"\n"+first+"\n")
	write(conf, settings+home+","+guest+"\nCHATME_LOG_LEVEL=debug\nCHATME_LOG_FORMAT=text\nCHATME_IDLE_AFTER=9m")
	hangup()
	line := s.Logged("reloaded", 1)
	if got, want := fmt.Sprint(line["changed"]), "[WEB_API_KEY ALLOWED_ORIGINS CHATME_LOG_LEVEL CHATME_IDLE_AFTER]"; got != want {
		t.Errorf("changed %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(line["needs_restart"]), "[CHATME_LOG_FORMAT]"; got != want {
		t.Errorf("needs a restart: %s, want %s", got, want)
	}
	wantKeys(s, map[string]bool{first: true, second: true})
	wantPage(s, second, "frame-ancestors 'self' "+home+" "+guest+";")
	wantOrigins(s, map[string]bool{home: true, guest: true})

	// The old key is removed; clients that used it stay connected.
	write(keys, second)
	hangup()
	s.Logged("reloaded", 2)
	wantKeys(s, map[string]bool{first: false, second: true})
	if err := early.Search(); err != nil {
		t.Fatal(err)
	}
	if _, err := early.Expect(testbed.Step(t), "searching"); err != nil {
		t.Error(err)
	}

	// An invalid file changes nothing, and every problem is reported.
	write(keys, third)
	write(conf, settings+"nowhere\nCHATME_IMAGES=some\nCHATME_MAX_CONNS=100")
	hangup()
	line = s.Logged("reload failed, keeping the current configuration", 1)
	if problems := fmt.Sprint(line["problems"]); !strings.Contains(problems, "nowhere") || !strings.Contains(problems, "CHATME_IMAGES") {
		t.Errorf("problems %s", problems)
	}
	wantKeys(s, map[string]bool{second: true, third: false})
	wantOrigins(s, map[string]bool{home: true, guest: true})

	for _, key := range []string{first, second, third} {
		if strings.Contains(s.Log.String(), key) {
			t.Errorf("the log holds a key:\n%s", s.Log)
		}
	}
}

// wantKeys checks which keys are accepted.
func wantKeys(s *inside.Served, accepted map[string]bool) {
	s.TB.Helper()
	for key, want := range accepted {
		c, err := s.Dial(key, true)
		if (err == nil) != want {
			s.TB.Errorf("key %s: %v, want accepted %v", key, err, want)
		}
		if c != nil {
			c.Drop()
		}
	}
}

// wantPage checks which key the page carries, and a part of its policy.
func wantPage(s *inside.Served, key, policy string) {
	s.TB.Helper()
	resp := request(s, http.MethodGet, http.Header{"Accept": {"text/html"}})
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), key) {
		s.TB.Errorf("the page does not carry %s; %v", key, err)
	}
	if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, policy) {
		s.TB.Errorf("the policy is %s, want %s in it", got, policy)
	}
}

// wantOrigins checks whose pages may connect.
func wantOrigins(s *inside.Served, allowed map[string]bool) {
	s.TB.Helper()
	for origin, want := range allowed {
		resp := request(s, http.MethodOptions, http.Header{"Origin": {origin}})
		resp.Body.Close()
		if got := resp.StatusCode == http.StatusOK; got != want {
			s.TB.Errorf("OPTIONS from %s: %s, want allowed %v", origin, resp.Status, want)
		}
		resp = request(s, http.MethodGet, http.Header{"Origin": {origin}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}})
		resp.Body.Close()
		if got := resp.StatusCode == http.StatusSwitchingProtocols; got != want {
			s.TB.Errorf("an upgrade from %s: %s, want allowed %v", origin, resp.Status, want)
		}
	}
}

func request(s *inside.Served, method string, header http.Header) *http.Response {
	s.TB.Helper()
	r, err := http.NewRequestWithContext(testbed.Step(s.TB), method, "http://"+s.Addr+"/", nil)
	if err != nil {
		s.TB.Fatal(err)
	}
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.TB.Fatal(err)
	}
	return resp
}
