package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
)

// testOwnTLS serves without a proxy: old and resumable clients over wss, the page over https, a resumed chat.
func testOwnTLS(t *testing.T, s *site) {
	files := newCertFiles(t)
	s.tls = files.write(24 * time.Hour)
	s.flags = []string{"--tls-cert", files.cert, "--tls-key", files.key}
	server, _ := s.start()
	if !strings.Contains(s.wrote.String(), "expires soon") {
		t.Error("nothing is said of a certificate that ends tomorrow")
	}
	a, b := s.join("a", client.Options{}), s.join("b", client.Options{})
	meet(a, b)
	c, d := s.join("c", oldOptions), s.join("d", oldOptions)
	meet(c, d)
	talk(a, b)
	talk(c, d)
	bounces(s)
	server.kill()
	couple{a, b}.lose()
	server, _ = s.start()
	comeBack(t, []couple{{a, b}})

	// A new pair, and a reload: whoever comes now meets it, and those who chat go on.
	before := s.tls
	s.tls = files.write(90 * 24 * time.Hour)
	if err := server.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.says("reloaded")
	if _, err := client.Dial(step(t), s.url(), client.Options{TLS: before}); err == nil {
		t.Error("the old certificate is in use after a reload")
	}
	old := s.join("again", oldOptions)
	old.search()
	old.leave()
	talk(a, b)
	if code, took := server.terminate(); code != exitOK || took > server.stops {
		t.Errorf("SIGTERM: exit code %d after %v", code, took)
	}
	for _, p := range []*person{a, b} {
		if end := p.drain(nil); end.Code != 1012 {
			t.Errorf("%s: %v, want 1012", p.name, end)
		}
	}

	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	if said := s.fails(exitConfig, s.command("serve", "--tls-cert", files.cert, "--tls-key", files.key)); !strings.Contains(said, files.key) {
		t.Errorf("it says %q", said)
	}
}
