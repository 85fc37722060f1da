package main

import (
	"context"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
)

// testBehindNginx runs nginx with the file of deploy before a server.
func testBehindNginx(t *testing.T, s *site) {
	s.flags = []string{"--failed-keys", "2"}
	s.start()
	front, files := front(s), newCertFiles(t)
	front.tls = files.write(time.Hour)
	edited(t, s.dir, "nginx.conf",
		"\tlisten 80;\n\tlisten [::]:80;\n", "\tlisten "+freeAddr(t)+";\n",
		"\tlisten 443 ssl http2;\n\tlisten [::]:443 ssl http2;\n", "\tlisten "+front.addr+" ssl http2;\n",
		"/etc/letsencrypt/live/chat.example.org/fullchain.pem", files.cert,
		"/etc/letsencrypt/live/chat.example.org/privkey.pem", files.key,
		"127.0.0.1:8787", s.addr)
	runNginx(t, front.addr, "include "+s.dir+"/nginx.conf;")
	chats(front)
	bounces(front)

	// Who is forwarded is counted, and nobody else for it.
	from := func(addr string) client.Options {
		return client.Options{Old: true, TLS: front.tls, APIKey: "wrong", Header: http.Header{"X-Forwarded-For": {addr}}}
	}
	status := func(addr string) int {
		c, err := client.Dial(step(t), front.url(), from(addr))
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
		t.Errorf("after wrong keys of one address that gets %d, and another %d", one, other)
	}
}

// testBehindCaddy runs Caddy with the file of deploy before a server.
func testBehindCaddy(t *testing.T, s *site) {
	s.start()
	front, files := front(s), newCertFiles(t)
	front.tls = files.write(time.Hour)
	name := edited(t, s.dir, "Caddyfile",
		"{\n\tservers {\n", "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tservers {\n",
		"chat.example.org {\n", "https://"+front.addr+" {\n\ttls "+files.cert+" "+files.key+"\n",
		"127.0.0.1:8787", s.addr)
	cmd := exec.Command(tool(t, "caddy"), "run", "--config", name, "--adapter", "caddyfile")
	cmd.Env = []string{"HOME=" + s.dir, "XDG_DATA_HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir}
	runProxy(t, front.addr, cmd)
	chats(front)
	bounces(front)
}

// bounces: what is not whole is gone in time behind a proxy too, whether that passes it on or not; those who chat, and those
// who arrive, get through.
func bounces(s *site) {
	s.tb.Helper()
	a, b := s.join("a", client.Options{}), s.join("b", oldOptions)
	meet(a, b)
	waves := map[string]*attack{}
	for name, way := range attackWays {
		wave := newAttack(s.tb, s, proxySockets, byte(2+len(waves)))
		waves[name] = wave
		go wave.run(way)
	}
	for name, wave := range waves {
		during(wave, func() time.Duration {
			talk(a, b)
			c, d := s.join("c", client.Options{}), s.join("d", oldOptions)
			meet(c, d)
			c.leave()
			d.await("partner_disconnected")
			d.leave()
			return 0
		})
		// Caddy's ten seconds for an answer begin when it blocks, and TLS takes its time to say goodbye. Without the limits of
		// deploy some of these are there for ever.
		if gone := wave.took(); gone > 2*goneWithin {
			s.tb.Errorf("%s: one was there for %v", name, gone)
		}
	}
	talk(a, b)
}

// proxySockets are so few that Debian's nginx, which has 512 connections in all, has room for them.
const proxySockets = 20

// front is the same site as it is seen through a proxy.
func front(s *site) *site {
	front := *s
	front.addr = freeAddr(s.tb)
	return &front
}

// chats has old and resumable clients chat, come back, and connect from the page of the very site, which the server
// knows by the Host header only; another's page is refused.
func chats(s *site) {
	s.tb.Helper()
	a, b := s.join("a", client.Options{Origin: "https://" + s.addr}), s.join("b", client.Options{})
	meet(a, b)
	c, d := s.join("c", client.Options{Old: true, Origin: "https://" + s.addr}), s.join("d", oldOptions)
	meet(c, d)
	talk(a, b)
	talk(c, d)
	couple{a, b}.blinks()
	ctx, cancel := context.WithTimeout(s.tb.Context(), pace.Of(stepTimeout))
	defer cancel()
	_, err := client.Dial(ctx, s.url(), client.Options{TLS: s.tls, Origin: "https://elsewhere.example"})
	if refused, ok := err.(*client.RefusedError); !ok || refused.Status != http.StatusForbidden {
		s.tb.Errorf("the page of another site: %v", err)
	}
}
