package e2e

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/testbed"
)

// testBehindNginx runs nginx in front of a server's Unix socket, with the file from deploy.
func testBehindNginx(t *testing.T, s *testbed.Site) {
	socket := atSocket(s)
	s.Flags = append(s.Flags, "--failed-keys", "2")
	s.Start()
	front, files := front(s), testbed.NewCertFiles(t)
	front.TLS = files.Write(time.Hour)
	testbed.Edited(t, s.Dir, "nginx.conf",
		"\tlisten 80;\n\tlisten [::]:80;\n", "\tlisten "+testbed.FreeAddr(t)+";\n",
		"\tlisten 443 ssl http2;\n\tlisten [::]:443 ssl http2;\n", "\tlisten "+front.Addr+" ssl http2;\n",
		"/etc/letsencrypt/live/chat.example.org/fullchain.pem", files.Cert,
		"/etc/letsencrypt/live/chat.example.org/privkey.pem", files.Key,
		"/run/chatme/http.sock", socket)
	testbed.RunNginx(t, front.Addr, "include "+s.Dir+"/nginx.conf;")
	chats(front)
	bounces(front)

	// Wrong keys count against the forwarded address only.
	from := func(addr string) client.Options {
		return client.Options{Legacy: true, TLS: front.TLS, APIKey: "wrong", Header: http.Header{"X-Forwarded-For": {addr}}}
	}
	status := func(addr string) int {
		c, err := client.Dial(testbed.Step(t), front.URL(), from(addr))
		if refused, ok := err.(*client.RefusedError); ok {
			return refused.Status
		} else if err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		return http.StatusSwitchingProtocols
	}
	for range 2 {
		status("203.0.113.7")
	}
	if one, other := status("203.0.113.7"), status("203.0.113.8"); one != http.StatusTooManyRequests || other != http.StatusSwitchingProtocols {
		t.Errorf("after wrong keys from one address, it gets %d and another address gets %d", one, other)
	}
}

// testBehindCaddy runs Caddy in front of a server's Unix socket, with the file from deploy.
func testBehindCaddy(t *testing.T, s *testbed.Site) {
	socket := atSocket(s)
	s.Start()
	front, files := front(s), testbed.NewCertFiles(t)
	front.TLS = files.Write(time.Hour)
	name := testbed.Edited(t, s.Dir, "Caddyfile",
		"{\n\tservers {\n", "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tservers {\n",
		"chat.example.org {\n", "https://"+front.Addr+" {\n\ttls "+files.Cert+" "+files.Key+"\n",
		"/run/chatme/http.sock", socket)
	cmd := exec.Command(testbed.Tool(t, "caddy"), "run", "--config", name, "--adapter", "caddyfile")
	cmd.Env = []string{"HOME=" + s.Dir, "XDG_DATA_HOME=" + s.Dir, "XDG_CONFIG_HOME=" + s.Dir}
	testbed.RunProxy(t, front.Addr, cmd)
	chats(front)
	bounces(front)
}

// atSocket makes the servers of s also listen on a Unix socket, and returns its path.
func atSocket(s *testbed.Site) (path string) {
	path = filepath.Join(s.Dir, "http.sock")
	s.Flags = append(s.Flags, "--addr", s.Addr+",unix:"+path) // the last one counts
	return path
}

// bounces: incomplete requests are closed in time behind a proxy too, whether it forwards them or not. Chatting and
// arriving clients get through.
func bounces(s *testbed.Site) {
	s.TB.Helper()
	a, b := s.Join("a", client.Options{}), s.Join("b", testbed.OldOptions)
	testbed.Meet(a, b)
	waves := map[string]*attack{}
	for name, way := range attackWays {
		wave := newAttack(s.TB, s, proxySockets, byte(2+len(waves)))
		waves[name] = wave
		go wave.run(way)
	}
	for name, wave := range waves {
		during(wave, func() time.Duration {
			testbed.Talk(a, b)
			c, d := s.Join("c", client.Options{}), s.Join("d", testbed.OldOptions)
			testbed.Meet(c, d)
			c.Leave()
			d.Await("partner_disconnected")
			d.Leave()
			return 0
		})
		// Caddy's ten seconds for an answer start when it blocks, and the TLS close takes time. Without the limits in
		// deploy some of these connections stay open forever.
		if gone := wave.took(); gone > 2*goneWithin {
			s.TB.Errorf("%s: a connection stayed open for %v", name, gone)
		}
	}
	testbed.Talk(a, b)
}

// proxySockets is small enough for Debian's nginx, which is limited to 512 connections in total.
const proxySockets = 20

// front returns the same site as seen through a proxy.
func front(s *testbed.Site) *testbed.Site {
	front := *s
	front.Addr = testbed.FreeAddr(s.TB)
	return &front
}

// chats makes legacy and resumable clients chat, resume, and connect from the site's own page, which the server
// recognizes only by the Host header. The page of another site is refused.
func chats(s *testbed.Site) {
	s.TB.Helper()
	a, b := s.Join("a", client.Options{Origin: "https://" + s.Addr}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	c, d := s.Join("c", client.Options{Legacy: true, Origin: "https://" + s.Addr}), s.Join("d", testbed.OldOptions)
	testbed.Meet(c, d)
	testbed.Talk(a, b)
	testbed.Talk(c, d)
	couple{a, b}.blinks()
	ctx, cancel := pace.WithTimeout(s.TB.Context(), testbed.StepTimeout)
	defer cancel()
	_, err := client.Dial(ctx, s.URL(), client.Options{TLS: s.TLS, Origin: "https://elsewhere.example"})
	if refused, ok := err.(*client.RefusedError); !ok || refused.Status != http.StatusForbidden {
		s.TB.Errorf("the page of another site: %v", err)
	}
}
