package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"chatme/internal/client"
)

// testBehindNginx runs nginx with the file of deploy before a server.
func testBehindNginx(t *testing.T, s *site) {
	s.flags = []string{"--failed-keys", "2"}
	s.start()
	front, files := s.front(), newCertFiles(t)
	front.tls = files.write(time.Hour)
	edited(t, s.dir, "nginx.conf",
		"\tlisten 80;\n\tlisten [::]:80;\n", "\tlisten "+freeAddr(t)+";\n",
		"\tlisten 443 ssl http2;\n\tlisten [::]:443 ssl http2;\n", "\tlisten "+front.addr+" ssl http2;\n",
		"/etc/letsencrypt/live/chat.example.org/fullchain.pem", files.cert,
		"/etc/letsencrypt/live/chat.example.org/privkey.pem", files.key,
		"127.0.0.1:8787", s.addr)
	whole := filepath.Join(s.dir, "whole.conf")
	mustWrite(t, whole, []byte("daemon off;\nmaster_process off;\npid "+s.dir+"/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n"+
		"client_body_temp_path "+s.dir+"/body;\nproxy_temp_path "+s.dir+"/proxy;\nfastcgi_temp_path "+s.dir+"/fastcgi;\n"+
		"uwsgi_temp_path "+s.dir+"/uwsgi;\nscgi_temp_path "+s.dir+"/scgi;\ninclude "+s.dir+"/nginx.conf;\n}\n"))
	arguments := []string{"-p", s.dir, "-e", "stderr", "-c", whole}
	if out, err := exec.Command(tool(t, "nginx"), append([]string{"-t"}, arguments...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	front.serves(exec.Command(tool(t, "nginx"), arguments...))
	front.chats()

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
	front, files := s.front(), newCertFiles(t)
	front.tls = files.write(time.Hour)
	name := edited(t, s.dir, "Caddyfile",
		"chat.example.org {\n", "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"+
			"https://"+front.addr+" {\n\ttls "+files.cert+" "+files.key+"\n",
		"127.0.0.1:8787", s.addr)
	cmd := exec.Command(tool(t, "caddy"), "run", "--config", name, "--adapter", "caddyfile")
	cmd.Env = []string{"HOME=" + s.dir, "XDG_DATA_HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir}
	front.serves(cmd)
	front.chats()
}

// front is the same site as it is seen through a proxy.
func (s *site) front() *site {
	front := *s
	front.addr = freeAddr(s.tb)
	return &front
}

// freeAddr is an address that nobody listens on.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serves runs a proxy and returns once it listens.
func (s *site) serves(proxy *exec.Cmd) {
	s.tb.Helper()
	wrote := &record{}
	proxy.Stdout, proxy.Stderr = wrote, wrote
	if err := proxy.Start(); err != nil {
		s.tb.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		proxy.Wait()
	}()
	s.tb.Cleanup(func() {
		proxy.Process.Signal(os.Interrupt)
		select {
		case <-gone:
		case <-time.After(stopTimeout):
			proxy.Process.Kill()
			<-gone
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx := step(s.tb); ; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-gone:
			s.tb.Fatalf("the proxy has ended:\n%s", wrote)
		case <-ctx.Done():
			s.tb.Fatalf("the proxy does not listen:\n%s", wrote)
		}
	}
}

// chats has old and resumable clients chat, come back, and connect from the page of the very site, which the server
// knows by the Host header only; another's page is refused.
func (s *site) chats() {
	s.tb.Helper()
	a, b := s.join("a", client.Options{Origin: "https://" + s.addr}), s.join("b", client.Options{})
	meet(a, b)
	c, d := s.join("c", client.Options{Old: true, Origin: "https://" + s.addr}), s.join("d", oldOptions)
	meet(c, d)
	talk(a, b)
	talk(c, d)
	couple{a, b}.blinks()
	ctx, cancel := context.WithTimeout(s.tb.Context(), stepTimeout)
	defer cancel()
	_, err := client.Dial(ctx, s.url(), client.Options{TLS: s.tls, Origin: "https://elsewhere.example"})
	if refused, ok := err.(*client.RefusedError); !ok || refused.Status != http.StatusForbidden {
		s.tb.Errorf("the page of another site: %v", err)
	}
}
