package doctor

import (
	"net/http"
	"net/http/httputil"
	"net/netip"
	"strings"
	"testing"
	"time"

	"chatme/internal/admin"
	"chatme/internal/exit"
	"chatme/internal/remote"
	"chatme/internal/server"
	"chatme/internal/stage"
	"chatme/internal/testbed/inside"
)

// nginxUpgrade is what nginx needs to pass on a WebSocket.
const nginxUpgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host;"

// TestDoctorForwarded puts nginx in front, with each common way to set X-Forwarded-For.
func TestDoctorForwarded(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t, quickPings)
	for name, tt := range map[string]struct {
		location string
		state    findingState
		texts    []string
	}{
		"appended":                       {"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", findingOK, []string{"through 127.0.0.1, which is trusted"}},
		"set":                            {"proxy_set_header X-Forwarded-For $remote_addr;", findingOK, []string{"through 127.0.0.1, which is trusted"}},
		"never set":                      {"", findingProblem, []string{"sends no X-Forwarded-For", "passes on the X-Forwarded-For that a client sends"}},
		"dropped":                        {`proxy_set_header X-Forwarded-For "";`, findingProblem, []string{"sends no X-Forwarded-For"}},
		"a client's own passed on":       {"proxy_set_header X-Forwarded-For $http_x_forwarded_for;", findingProblem, []string{"passes on the X-Forwarded-For that a client sends"}},
		"put in front of a client's own": {`proxy_set_header X-Forwarded-For "$remote_addr, $http_x_forwarded_for";`, findingProblem, []string{"passes on the X-Forwarded-For that a client sends"}},
		"set to another proxy's values":  {`proxy_set_header X-Forwarded-For "$http_x_forwarded_for, 198.51.100.7, 198.51.100.8";`, findingWarning, []string{"is another proxy, which the server does not trust"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, found := doctored(t, s, "--integrity", "off", "--url", "http://"+nginx(t, s.Addr, nginxUpgrade+tt.location))
			for _, text := range tt.texts {
				found.Findings.wants(t, tt.state, "proxy", text, "")
			}
			if want := map[bool]int{true: exit.Failure, false: exit.OK}[tt.state == findingProblem]; code != want {
				t.Errorf("exit code %d: %+v", code, found)
			}
		})
	}
}

// TestDoctorProxyNotBelieved: the settings that count are those of the server.
func TestDoctorProxyNotBelieved(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	s := inside.RunServer(t, quickPings, "CHATME_TRUSTED_PROXIES=10.0.0.0/8")
	front := reverseProxy(t, s.Addr, nil)
	for _, args := range [][]string{nil, {"--trusted-proxies", "127.0.0.0/8"}} {
		code, found := doctored(t, s, append(args, "--url", front)...)
		found.Findings.wants(t, findingProblem, "proxy", "all of them appear to have that one address", "add 127.0.0.1/32 to CHATME_TRUSTED_PROXIES")
		if code != exit.Failure {
			t.Errorf("exit code %d", code)
		}
	}
	// Where a proxy looks the same as a packet redirect, the finding names both.
	_, found := doctored(t, s, "--url", "http://"+nginx(t, s.Addr, nginxUpgrade))
	found.Findings.wants(t, findingWarning, "proxy", "if it is a proxy", "If it only redirects packets")
	_, found = doctored(t, s, "--url", "http://"+s.Addr)
	found.Findings.wants(t, findingOK, "proxy", "directly", "")
}

// TestDoctorTraces judges cases that no proxy of these tests produces.
func TestDoctorTraces(t *testing.T) {
	at := netip.MustParseAddr("172.17.0.1")
	seen := server.Trace{Seen: true}
	forged := server.Trace{Seen: true, Forged: true, ForgedLast: true}
	for name, tt := range map[string]struct {
		to            remote.Deployment
		plain, forged server.Trace
		state         findingState
		text, remedy  string
	}{
		"elsewhere":                  {remote.Deployment{}, server.Trace{}, server.Trace{}, findingNot, "did not reach this server", "another server"},
		"TLS ends in front":          {remote.Deployment{Secure: true}, seen, forged, findingProblem, "through 172.17.0.1", "add 172.17.0.1/32"},
		"packets redirected, or not": {remote.Deployment{Secure: true}, server.Trace{Seen: true, TLS: true}, forged, findingWarning, "if it is a proxy", "add 172.17.0.1/32"},
		"the header is dropped":      {remote.Deployment{}, seen, seen, findingProblem, "through 172.17.0.1", "add 172.17.0.1/32"},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			d.traces(tt.to, at, tt.plain, tt.forged)
			d.findings.wants(t, tt.state, "proxy", tt.text, tt.remedy)
		})
	}
}

// TestDoctorTracesOverASocket judges a proxy on the Unix socket, and loopback beside it.
func TestDoctorTracesOverASocket(t *testing.T) {
	plain := server.Trace{Seen: true, Local: true, Trusted: true, Forwarded: 1}
	forged := server.Trace{Seen: true, Local: true, Trusted: true, Forwarded: 1, Forged: true}
	silent := server.Trace{Seen: true, Local: true, Trusted: true}
	for name, tt := range map[string]struct {
		networks      []string
		plain, forged server.Trace
		state         findingState
		text, remedy  string
		findings      int
	}{
		"alone":           {nil, plain, forged, findingOK, "through a proxy on the Unix socket, which is trusted and forwards", "", 1},
		"beside loopback": {[]string{"127.0.0.0/8"}, plain, forged, findingWarning, "any program on this machine can claim any client address", "CHATME_TRUSTED_PROXIES= (empty)", 2},
		"beside IPv6's":   {[]string{"::1/128"}, plain, forged, findingWarning, "any program on this machine", "CHATME_TRUSTED_PROXIES= (empty)", 2},
		"sends nothing":   {nil, silent, silent, findingProblem, "sends no X-Forwarded-For: none of them has an address", "proxy_set_header", 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			d.about = &admin.About{TrustedProxies: tt.networks}
			d.traces(remote.Deployment{}, netip.Addr{}, tt.plain, tt.forged)
			d.findings.wants(t, tt.state, "proxy", tt.text, tt.remedy)
			if len(d.findings) != tt.findings {
				t.Errorf("%+v", d.findings)
			}
		})
	}
}

// TestDoctorHintsAtLoopback: with a Unix socket, nothing else needs to be believed. This is not a warning.
func TestDoctorHintsAtLoopback(t *testing.T) {
	const hint = "set CHATME_TRUSTED_PROXIES= (empty)"
	port, socket := admin.Listener{Addr: "127.0.0.1:8787"}, admin.Listener{Addr: "unix:/run/chatme/http.sock"}
	for name, tt := range map[string]struct {
		networks  []string
		listening []admin.Listener
		want      bool
	}{
		"both":              {[]string{"127.0.0.0/8", "::1/128"}, []admin.Listener{port, socket}, true},
		"no socket":         {[]string{"127.0.0.0/8", "::1/128"}, []admin.Listener{port}, false},
		"no loopback":       {nil, []admin.Listener{port, socket}, false},
		"only another host": {[]string{"10.0.0.0/8"}, []admin.Listener{port, socket}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			d.about = &admin.About{TrustedProxies: tt.networks, Listening: tt.listening}
			d.trustedNetworks()
			if len(d.findings) != 1 || d.findings[0].State != findingOK || strings.Contains(d.findings[0].Text, hint) != tt.want {
				t.Errorf("%+v, want the hint: %v", d.findings, tt.want)
			}
		})
	}
}

// TestDoctorProxyTimeout: doctor finds a proxy that closes a silent socket before the server's next ping.
func TestDoctorProxyTimeout(t *testing.T) {
	t.Parallel()
	const forward = nginxUpgrade + "proxy_set_header X-Forwarded-For $remote_addr;"
	s := inside.RunServer(t, "CHATME_PING_INTERVAL=4s")
	for location, want := range map[string]finding{
		"proxy_read_timeout 1s;":  {State: findingProblem, Text: "closed a silent socket after", Remedy: "proxy_read_timeout"},
		"proxy_read_timeout 60s;": {State: findingOK, Text: "until the server's next ping"},
	} {
		t.Run(location, func(t *testing.T) {
			t.Parallel()
			code, found := doctored(t, s, "--integrity", "off", "--url", "http://"+nginx(t, s.Addr, forward+location))
			found.Findings.wants(t, want.State, "silence", want.Text, want.Remedy)
			if (code == exit.Failure) != (want.State == findingProblem) {
				t.Errorf("exit code %d: %+v", code, found)
			}
		})
	}
}

func TestDoctorSilence(t *testing.T) {
	for name, tt := range map[string]struct {
		ping         time.Duration
		silence      silence
		state        findingState
		text, remedy string
	}{
		"not held":        {time.Second, silence{unheld: http.ErrServerClosed}, findingNot, "was not tried", ""},
		"pings kept back": {25 * time.Second, silence{lasted: 30 * time.Second}, findingWarning, "no ping from the server arrived in 30s", "control frames"},
		"rare pings":      {time.Hour, silence{lasted: mostSilence}, findingNot, "stayed open for 2m0s", "CHATME_PING_INTERVAL"},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			d.cfg.PingInterval.Duration = tt.ping
			d.silent(tt.silence)
			d.findings.wants(t, tt.state, "silence", tt.text, tt.remedy)
		})
	}
}

// TestDoctorTrustedNetworks lists networks that are too wide to be trusted.
func TestDoctorTrustedNetworks(t *testing.T) {
	for networks, state := range map[string]findingState{
		"":                         findingOK,
		"127.0.0.0/8,::1/128":      findingOK,
		"10.0.0.0/8,172.16.0.0/12": findingOK,
		"192.168.1.0/24,fc00::/7":  findingOK,
		"203.0.113.7/32":           findingOK,
		"2001:db8::1/128":          findingOK,
		"0.0.0.0/0":                findingProblem,
		"127.0.0.0/8,::/0":         findingProblem,
		"0.0.0.0/1,128.0.0.0/1":    findingProblem,
		"1.2.3.4/0":                findingProblem,
		"2000::/3":                 findingProblem,
		"103.21.244.0/22":          findingWarning,
		"172.0.0.0/8":              findingWarning,
		"2400:cb00::/32":           findingWarning,
	} {
		for _, told := range []bool{false, true} {
			d := patient(t)
			list := strings.FieldsFunc(networks, func(r rune) bool { return r == ',' })
			d.cfg.TrustedProxies = list
			if told { // what the server reports takes precedence over these settings
				d.cfg.TrustedProxies = []string{"0.0.0.0/0"}
				d.about = &admin.About{TrustedProxies: list}
			}
			d.trustedNetworks()
			for _, f := range d.findings {
				if f.State != state && f.State != findingOK {
					t.Errorf("%q: %+v", networks, f)
				}
			}
			d.findings.wants(t, state, "trusted proxies", "", "")
		}
	}
	t.Run("of a running server", func(t *testing.T) {
		s := inside.RunServer(t, "CHATME_TRUSTED_PROXIES=0.0.0.0/0")
		code, found := doctored(t, s)
		found.Findings.wants(t, findingProblem, "trusted proxies", "0.0.0.0/0", "CHATME_TRUSTED_PROXIES")
		if code != exit.Failure {
			t.Errorf("exit code %d", code)
		}
	})
}

// TestDoctorDevelopmentOrigins lists when doctor warns of an origin on a visitor's machine.
func TestDoctorDevelopmentOrigins(t *testing.T) {
	site := []string{"https://app.example"}
	for name, tt := range map[string]struct {
		url, addr string
		origins   []string
		want      bool
	}{
		"a public address":             {"https://chat.example", "127.0.0.1:8787", []string{"https://app.example", "http://localhost:5173"}, true},
		"127.0.0.1":                    {"https://chat.example", "127.0.0.1:8787", []string{"http://127.0.0.1:3000"}, true},
		"IPv6":                         {"https://chat.example", "127.0.0.1:8787", []string{"http://[::1]:3000"}, true},
		"a name below localhost":       {"wss://chat.example", "127.0.0.1:8787", []string{"https://app.localhost"}, true},
		"on all addresses":             {"", ":8787", []string{"http://localhost:5173"}, true},
		"on all addresses, only sites": {"", ":8787", site, false},
		"only sites":                   {"https://chat.example", "127.0.0.1:8787", site, false},
		"none":                         {"https://chat.example", ":8787", nil, false},
		"within this machine":          {"http://localhost:8787", "127.0.0.1:8787", []string{"http://localhost:5173"}, false},
	} {
		for _, told := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				d := patient(t)
				d.cmd.URL, d.cfg.Addr, d.cfg.AllowedOrigins = tt.url, tt.addr, tt.origins
				if told {
					d.cfg.Addr, d.cfg.AllowedOrigins = "127.0.0.1:1", nil
					d.about = &admin.About{AllowedOrigins: tt.origins, Listening: []admin.Listener{{Addr: tt.addr}}}
				}
				d.developmentOrigins()
				if !tt.want {
					if len(d.findings) > 0 {
						t.Errorf("%+v", d.findings)
					}
					return
				}
				d.findings.wants(t, findingWarning, "origins", "http", "ALLOWED_ORIGINS")
			})
		}
	}
}

// TestDoctorNoPage: doctor asks the server, not the settings, whether it has a page.
func TestDoctorNoPage(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t, quickPings, "CHATME_WEB=off")
	_, found := doctored(t, s, "--web", "on", "--url", reverseProxy(t, s.Addr, func(*httputil.ProxyRequest) {}))
	found.Findings.wants(t, findingOK, "page", "none, as configured", "")
}
