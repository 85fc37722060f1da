package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chatme/internal/metrics"
)

func ask(handler http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestMetrics(t *testing.T) {
	s, m := open(t, healthy())
	m.Error("gap")
	answer := ask(s, "/metrics")
	if f, err := metrics.Parse(answer.Body); err != nil || f[`chatme_errors_total{code="gap"}`] != 1 {
		t.Errorf("/metrics: %v, %v", f, err)
	}
	if kind := answer.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("/metrics is %s", kind)
	}
	for path, want := range map[string]string{
		"/history":         "[]\n",
		"/history?since=1": "[]\n",
		"/history?since=x": "since: not a number of milliseconds\n",
	} {
		if got := ask(s, path).Body.String(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// A scraper gets metrics and health. Nothing serves the command line, which may hold a key.
func TestScraperRoutes(t *testing.T) {
	s, _ := open(t, healthy())
	for path, want := range map[string][2]int{ // on the socket, to a scraper
		"/metrics":             {200, 200},
		"/livez":               {200, 200},
		"/readyz":              {200, 200},
		"/history":             {200, 404},
		"/debug/pprof/":        {200, 404},
		"/debug/pprof/heap":    {200, 404},
		"/debug/pprof/cmdline": {404, 404},
		"/debug/vars":          {404, 404},
		"/":                    {404, 404},
	} {
		for i, handler := range []http.Handler{s, s.Scraper()} {
			if got := ask(handler, path).Code; got != want[i] {
				t.Errorf("%s: %d, want %d", path, got, want[i])
			}
		}
	}
}
