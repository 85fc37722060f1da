package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testOwnTLS serves without a proxy: legacy and resumable clients over wss, the page over https, a resumed chat.
func testOwnTLS(t *testing.T, s *testbed.Site) {
	files := testbed.NewCertFiles(t)
	s.TLS = files.Write(24 * time.Hour)
	s.Flags = []string{"--tls-cert", files.Cert, "--tls-key", files.Key}
	server, _ := s.Start()
	if !strings.Contains(s.Wrote.String(), "expires soon") {
		t.Error("no warning about a certificate that expires tomorrow")
	}
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	c, d := s.Join("c", testbed.OldOptions), s.Join("d", testbed.OldOptions)
	testbed.Meet(c, d)
	testbed.Talk(a, b)
	testbed.Talk(c, d)
	bounces(s)
	server.Kill()
	couple{a, b}.lose()
	server, _ = s.Start()
	comeBack(t, []couple{{a, b}})

	// After a new pair and a reload, new clients see the new pair, and chats continue.
	before := s.TLS
	s.TLS = files.Write(90 * 24 * time.Hour)
	if err := server.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.Says("reloaded")
	if _, err := client.Dial(testbed.Step(t), s.URL(), client.Options{TLS: before}); err == nil {
		t.Error("the old certificate is still in use after a reload")
	}
	old := s.Join("again", testbed.OldOptions)
	old.Search()
	old.Leave()
	testbed.Talk(a, b)
	if code, took := server.Terminate(); code != exit.OK || took > server.Stops {
		t.Errorf("SIGTERM: exit code %d after %v", code, took)
	}
	for _, p := range []*testbed.Person{a, b} {
		if end := p.Drain(nil); end.Code != 1012 {
			t.Errorf("%s: %v, want 1012", p.Name, end)
		}
	}

	if err := os.Remove(files.Key); err != nil {
		t.Fatal(err)
	}
	if said := s.Fails(exit.Config, s.Command("serve", "--tls-cert", files.Cert, "--tls-key", files.Key)); !strings.Contains(said, files.Key) {
		t.Errorf("serve printed %q", said)
	}
}
