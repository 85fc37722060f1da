package dashboard_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatme/internal/admin"
	"chatme/internal/dashboard"
	"chatme/internal/metrics"
)

// fake is a server that records its requests.
type fake struct {
	asked []string
	down  bool
}

func (f *fake) Do(_ context.Context, method, path string) (*http.Response, error) {
	if f.down {
		return nil, errors.New("no server at chatme.db.sock")
	}
	f.asked = append(f.asked, method+" "+path)
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, "[]")
	return w.Result(), nil
}

func (f *fake) Status(context.Context) (*admin.Status, error) {
	if f.down {
		return nil, errors.New("no server at chatme.db.sock")
	}
	return &admin.Status{Ready: true, Metrics: metrics.Values{"chatme_sockets": 3}}, nil
}

const token = "t0ken"

func open(t *testing.T, source dashboard.Source) func(method, host, path string) *httptest.ResponseRecorder {
	t.Helper()
	h, err := dashboard.New(source, token)
	if err != nil {
		t.Fatal(err)
	}
	return func(method, host, path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
		r.Host = host
		h.ServeHTTP(w, r)
		return w
	}
}

// A foreign name that resolves to this machine is a DNS rebinding attack.
func TestHostIsThisMachine(t *testing.T) {
	ask := open(t, &fake{})
	for host, good := range map[string]bool{
		"127.0.0.1:4711": true, "localhost:80": true, "localhost": true, "[::1]:9": true,
		"evil.example": false, "evil.example:4711": false, "127.0.0.1.evil.example:4711": false, "localhost.evil.example": false,
		"192.168.1.2:4711": false, "": false,
	} {
		want := http.StatusOK
		if !good {
			want = http.StatusMisdirectedRequest
		}
		if got := ask("GET", host, "/"+token+"/data/status").Code; got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}
}

func TestOnlyTheTokenOpens(t *testing.T) {
	f := &fake{}
	ask := open(t, f)
	for path, want := range map[string]int{
		"/" + token + "/": 200, "/" + token + "/dashboard.js": 200, "/" + token + "/data/status": 200,
		"/" + token: 302, "/": 404, "/dashboard.js": 404, "/data/status": 404, "/t0keN/": 404, "/t0ken2/data/status": 404,
		"/" + token + "/nothing": 404, "/" + token + "/data/kick": 404, "/" + token + "/data/metrics": 404,
		"/" + token + "/data/debug/pprof/": 404,
	} {
		if got := ask("GET", "localhost", path).Code; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/data/sessions", "/data/status", "/"} {
		if got := ask("POST", "localhost", "/"+token+path).Code; got != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, got)
		}
	}
	if f.asked != nil {
		t.Errorf("the server was asked %q", f.asked)
	}
}

func TestServersAnswersArePassedThrough(t *testing.T) {
	f := &fake{}
	ask := open(t, f)
	w := ask("GET", "localhost", "/"+token+"/data/sessions?limit=5")
	if w.Code != http.StatusAccepted || w.Body.String() != "[]" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if len(f.asked) != 1 || f.asked[0] != "GET /sessions?limit=5" {
		t.Errorf("the server was asked %q", f.asked)
	}
	if got := ask("GET", "localhost", "/"+token+"/data/status").Body.String(); !strings.Contains(got, `"chatme_sockets":3`) {
		t.Errorf("status %s", got)
	}
	f.down = true
	for _, path := range []string{"status", "history"} {
		w := ask("GET", "localhost", "/"+token+"/data/"+path)
		if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "no server at chatme.db.sock") {
			t.Errorf("without a server, %s: %d %s", path, w.Code, w.Body)
		}
	}
}

// Everything is the page's own: nothing inline, nothing from other origins, and no Referer that reveals the token.
func TestPolicy(t *testing.T) {
	ask := open(t, &fake{})
	for _, path := range []string{"/", "/dashboard.js", "/chart.js", "/text.js", "/dashboard.css"} {
		w := ask("GET", "localhost", "/"+token+path)
		h := w.Header()
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';") ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
		text := strings.ReplaceAll(w.Body.String(), "http://www.w3.org/2000/svg", "") // a name, not an address
		if w.Code != http.StatusOK || strings.Contains(text, "//cdn") || strings.Contains(text, "http://") || strings.Contains(text, "https://") {
			t.Errorf("%s: %d, or it contains a foreign address", path, w.Code)
		}
	}
}
