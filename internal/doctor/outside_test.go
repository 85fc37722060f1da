package doctor

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatme/internal/exit"
	"chatme/internal/remote"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// quickPings makes the server ping so often that doctor does not wait long for one.
const quickPings = "CHATME_PING_INTERVAL=1s"

// reverseProxy starts a proxy in front of the server at addr that changes requests; nil passes them on unchanged.
func reverseProxy(tb testing.TB, addr string, change func(r *httputil.ProxyRequest)) string {
	tb.Helper()
	to := &url.URL{Scheme: "http", Host: addr}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
		if change != nil {
			change(r)
		}
	}})
	tb.Cleanup(proxy.Close)
	return proxy.URL
}

// TestDoctorOutside puts a proxy in front that is set up wrong in each common way.
func TestDoctorOutside(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t, quickPings)
	answer := func(status int, contentType, body string) func(t *testing.T) string {
		return func(t *testing.T) string {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			}))
			t.Cleanup(server.Close)
			return server.URL
		}
	}
	proxied := func(change func(r *httputil.ProxyRequest)) func(t *testing.T) string {
		return func(t *testing.T) string { return reverseProxy(t, s.Addr, change) }
	}
	for name, tt := range map[string]struct {
		front        func(t *testing.T) string
		args         []string
		state        findingState
		check        string
		text, remedy string
	}{
		"no proxy":   {func(*testing.T) string { return "ws://" + s.Addr }, nil, findingOK, "proxy", "directly", ""},
		"a good one": {proxied(nil), nil, findingOK, "proxy", "through 127.0.0.1, which is trusted", ""},
		"Host is changed": {proxied(func(r *httputil.ProxyRequest) { r.Out.Host = s.Addr }), nil,
			findingProblem, "origin", "refused with 403: the server does not see the name", "proxy_set_header Host $http_host;"},
		"Upgrade is dropped": {proxied(func(r *httputil.ProxyRequest) {
			r.Out.Header.Del("Upgrade")
			r.Out.Header.Del("Connection")
		}), nil, findingProblem, "upgrade", "refused with 426", `"proxy_set_header Upgrade $http_upgrade;" and "proxy_set_header Connection upgrade;"`},
		"Origin is dropped": {proxied(func(r *httputil.ProxyRequest) { r.Out.Header.Del("Origin") }), nil,
			findingProblem, "origin", "a page at any origin may connect", "Origin"},
		"an origin the server does not know": {proxied(nil), []string{"--allowed-origins", "https://new.example"},
			findingProblem, "origin", "https://new.example is in ALLOWED_ORIGINS here, but is refused with 403", "chatme reload"},
		"no server behind it":   {answer(502, "text/html", "<html>"), nil, findingProblem, "upgrade", "refused with 502", "proxy_pass"},
		"it refuses everything": {answer(403, "text/html", "<html>"), nil, findingProblem, "upgrade", "even without an origin", "rules"},
		"it leads elsewhere":    {answer(404, "text/html", "<html>"), nil, findingProblem, "page", "404", "location"},
		"another page":          {answer(200, "text/html", "Welcome to nginx!"), nil, findingWarning, "page", "not the built-in one", "location"},
		"too many wrong keys":   {answer(429, "text/plain", ""), nil, findingProblem, "upgrade", "429", "CHATME_TRUSTED_PROXIES"},
		"it redirects":          {answer(301, "text/plain", ""), nil, findingProblem, "upgrade", "301", "wss://"},
		"nothing listens":       {func(*testing.T) string { return "http://127.0.0.1:1" }, nil, findingProblem, "upgrade", "connection refused", "running"},
		"no TLS there":          {func(*testing.T) string { return "https://" + s.Addr }, nil, findingProblem, "TLS", "no TLS at", "speaks TLS"},
		"the page is not there": {answer(426, "text/plain", ""), nil, findingProblem, "page", "426", "chatme reload"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, found := doctored(t, s, append([]string{"--integrity", "off", "--url", tt.front(t)}, tt.args...)...)
			found.Findings.wants(t, tt.state, tt.check, tt.text, tt.remedy)
			if want := map[bool]int{true: exit.Failure, false: exit.OK}[tt.state == findingProblem]; code != want && tt.state != findingWarning {
				t.Errorf("exit code %d: %+v", code, found)
			}
		})
	}
}

// nginx runs Debian's nginx in front of the server at addr with these lines in its location, and returns its address.
func nginx(t *testing.T, addr, location string) string {
	t.Helper()
	own := testbed.FreeAddr(t)
	testbed.RunNginx(t, own, fmt.Sprintf("access_log off; server { listen %s; location / { proxy_pass http://%s; %s } }", own, addr, location))
	return own
}

// The lines that doctor suggests are those that nginx needs: without them there are findings, with them none.
func TestDoctorBehindNginx(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t, quickPings)
	const (
		upgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
		host    = "proxy_set_header Host $http_host;"
		forward = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
	)
	_, found := doctored(t, s, "--url", "http://"+nginx(t, s.Addr, ""))
	found.Findings.wants(t, findingProblem, "upgrade", "refused with 426", "proxy_set_header Upgrade $http_upgrade;")

	_, found = doctored(t, s, "--url", "http://"+nginx(t, s.Addr, upgrade))
	found.Findings.wants(t, findingOK, "upgrade", "gets through", "")
	found.Findings.wants(t, findingProblem, "origin", "refused with 403", host)

	front := nginx(t, s.Addr, upgrade+host+forward)
	code, found := doctored(t, s, "--url", "http://"+front)
	found.Findings.wants(t, findingOK, "origin", "the server's own page may connect", "")
	found.Findings.wants(t, findingOK, "proxy", "through 127.0.0.1, which is trusted", "")
	if code != exit.OK {
		t.Errorf("exit code %d: %+v", code, found)
	}
	if code, stdout, stderr := s.Chatme(t.Context(), doctorTree(), "probe", "ws://"+front); code != exit.OK {
		t.Errorf("probe: exit code %d: %s%s", code, stdout, stderr)
	}
}

// TestDoctorCertificate checks one certificate at times, and under names, for which it is and is not valid.
func TestDoctorCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs that clients reject its certificate
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	addr := strings.TrimPrefix(server.URL, "https://")
	_, port, _ := net.SplitHostPort(addr)
	leaf := server.Certificate()
	for name, tt := range map[string]struct {
		host         string
		roots        *x509.CertPool
		at           time.Time
		good         bool
		state        findingState
		text, remedy string
	}{
		"good":              {addr, roots, leaf.NotAfter.Add(-90 * 24 * time.Hour), true, findingOK, "valid until " + leaf.NotAfter.UTC().Format(time.DateOnly), ""},
		"expires soon":      {addr, roots, leaf.NotAfter.Add(-13 * 24 * time.Hour), true, findingWarning, "13 days", "renew"},
		"expired":           {addr, roots, leaf.NotAfter.Add(time.Hour), false, findingProblem, "expired at", "renew"},
		"not yet valid":     {addr, roots, leaf.NotBefore.Add(-time.Hour), false, findingProblem, "not valid before", "clock"},
		"another name":      {"localhost:" + port, roots, time.Now(), false, findingProblem, "is not for localhost", "this name"},
		"unknown authority": {addr, x509.NewCertPool(), time.Now(), false, findingProblem, "from an authority that clients do not know", "fullchain.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			d.now = tt.at
			if good := d.certificate(remote.Deployment{Secure: true, Host: tt.host, Path: "/"}, tt.roots); good != tt.good {
				t.Errorf("good is %v", good)
			}
			d.findings.wants(t, tt.state, "TLS", tt.text, tt.remedy)
		})
	}
}

func TestDoctorRedirect(t *testing.T) {
	for name, tt := range map[string]struct {
		status       int
		location     string
		state        findingState
		text, remedy string
	}{
		"to https":     {301, "https://x.example/", findingOK, "redirects to https", ""},
		"to http":      {302, "http://x.example/", findingOK, "serves nothing", ""},
		"serves":       {200, "", findingWarning, "serves without TLS too", "return 301"},
		"server alone": {426, "", findingWarning, "serves without TLS too", "return 301"},
		"not found":    {404, "", findingOK, "serves nothing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", tt.location)
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			d := patient(t)
			d.redirects(server.URL)
			d.findings.wants(t, tt.state, "redirect", tt.text, tt.remedy)
			server.Close()
			d.redirects(server.URL)
			d.findings.wants(t, findingOK, "redirect", "nothing answers", "")
		})
	}
}

func TestDoctorWithoutTLS(t *testing.T) {
	for host, state := range map[string]findingState{
		"localhost": findingOK, "127.0.0.1:80": findingOK, "[::1]:80": findingOK, "[::1]": findingOK, "chat.example": findingWarning, "10.0.0.1:80": findingWarning,
	} {
		d := patient(t)
		if !d.encryption(remote.Deployment{Host: host}) {
			t.Errorf("%s: it checks no further", host)
		}
		d.findings.wants(t, state, "TLS", "", "")
	}
}

func TestArrived(t *testing.T) {
	at := netip.MustParseAddrPort
	set := func(addrs ...string) map[netip.AddrPort]bool {
		all := map[netip.AddrPort]bool{}
		for _, a := range addrs {
			all[at(a)] = true
		}
		return all
	}
	before := set("10.0.0.1:1", "10.0.0.2:1")
	for name, tt := range map[string]struct {
		after, own map[netip.AddrPort]bool
		from       string
		direct     bool
	}{
		"by a proxy": {set("10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "10.0.0.1:4", "10.0.0.9:1"), nil, "10.0.0.1", false},
		"directly":   {set("10.0.0.1:1", "10.0.0.7:5"), set("10.0.0.7:5"), "", true},
		"elsewhere":  {set("10.0.0.1:1", "10.0.0.9:1", "10.0.0.8:1"), nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			from, direct := arrived(before, tt.after, tt.own)
			if direct != tt.direct || from.IsValid() != (tt.from != "") || from.IsValid() && from.String() != tt.from {
				t.Errorf("%v, %v", from, direct)
			}
		})
	}
}

// The server's own certificate is checked without a URL.
func TestDoctorOwnCertificate(t *testing.T) {
	for name, tt := range map[string]struct {
		lives        time.Duration
		spoil        func(f *testbed.CertFiles)
		state        findingState
		text, remedy string
	}{
		"good":         {60 * 24 * time.Hour, nil, findingOK, "is valid until", ""},
		"expires soon": {5 * 24 * time.Hour, nil, findingWarning, "is valid until", "renew"},
		"expired":      {-time.Minute, nil, findingProblem, "expired", "renew"},
		"another key":  {60 * 24 * time.Hour, func(f *testbed.CertFiles) { testbed.NewCertFiles(f.TB).WriteKey(f.Key) }, findingProblem, "private key does not match", "fullchain.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			d, f := patient(t), testbed.NewCertFiles(t)
			f.Write(tt.lives)
			if tt.spoil != nil {
				tt.spoil(f)
			}
			d.cfg.TLSCert, d.cfg.TLSKey = f.Cert, f.Key
			d.tlsKey()
			d.findings.wants(t, findingOK, "keys", "not open to every user", "")
			d.findings.wants(t, tt.state, "TLS", tt.text, tt.remedy)
		})
	}
}
