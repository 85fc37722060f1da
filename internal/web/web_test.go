package web

import (
	"compress/gzip"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// mustNew returns the handler of the built-in page with key.
func mustNew(tb testing.TB, key string) http.Handler {
	tb.Helper()
	return mustNewWith(tb, Config{APIKey: key})
}

func mustNewWith(tb testing.TB, cfg Config) http.Handler {
	tb.Helper()
	h, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// do sends one request to h; headers alternates names and values.
func do(tb testing.TB, h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// paths returns the paths of the built-in page and its files.
func paths(tb testing.TB) []string {
	tb.Helper()
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		tb.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, pathOf(entry.Name()))
	}
	return all
}

// unserved lists files for the npm package only.
var unserved = map[string]bool{"package.json": true, "chatme.d.ts": true, "README.md": true, "LICENSE": true}

func TestEveryFileIsServed(t *testing.T) {
	h := mustNew(t, "key")
	for _, path := range paths(t) {
		get := do(t, h, "GET", path)
		if get.Code != 200 || get.Body.Len() == 0 {
			t.Errorf("GET %s: %d, %d bytes", path, get.Code, get.Body.Len())
		}
		head := do(t, h, "HEAD", path)
		if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
			t.Errorf("HEAD %s: %d, %d bytes, length %s", path, head.Code, head.Body.Len(), head.Header().Get("Content-Length"))
		}
	}
	// Every file in static/ must be embedded: a missing script would be noticed only in a browser.
	there, err := os.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range there {
		if name := entry.Name(); !slices.Contains(paths(t), pathOf(name)) && !unserved[name] {
			t.Errorf("static/%s is not embedded", name)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := mustNew(t, "key")
	policy := mustPolicy(t)
	for _, path := range append(paths(t), "/-/unknown") {
		got := do(t, h, "GET", path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": policy,
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s: %q", path, name, got.Get(name))
			}
		}
	}
	for path, want := range map[string]string{
		"/": "text/html; charset=utf-8", "/chatme.js": "text/javascript; charset=utf-8", "/-/app.css": "text/css; charset=utf-8",
	} {
		if got := do(t, h, "GET", path).Header().Get("Content-Type"); got != want {
			t.Errorf("%s: Content-Type %q, want %q", path, got, want)
		}
	}
}

// mustPolicy returns the policy of a page that frames may frame.
func mustPolicy(tb testing.TB, frames ...string) string {
	tb.Helper()
	policy, err := policyFor(frames)
	if err != nil {
		tb.Fatal(err)
	}
	return policy
}

func TestPolicyAllowsNothingForeignOrInline(t *testing.T) {
	policy := mustPolicy(t)
	for _, directive := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'",
	} {
		if !strings.Contains("; "+policy+";", "; "+directive+";") {
			t.Errorf("no %q in %q", directive, policy)
		}
	}
	for _, loose := range []string{"unsafe", "*", "http"} {
		if strings.Contains(policy, loose) {
			t.Errorf("%q in %q", loose, policy)
		}
	}
}

func TestCaching(t *testing.T) {
	h := mustNew(t, "key")
	page := do(t, h, "GET", "/").Header()
	if page.Get("Cache-Control") != "no-store" || page.Get("ETag") != "" {
		t.Errorf("the page, which contains a key: %q, ETag %q", page.Get("Cache-Control"), page.Get("ETag"))
	}
	etags := map[string]string{}
	for _, path := range paths(t) {
		if path == "/" {
			continue
		}
		first := do(t, h, "GET", path)
		etag := first.Header().Get("ETag")
		if first.Header().Get("Cache-Control") != "no-cache" || len(etag) < 10 || etags[etag] != "" {
			t.Errorf("%s: %q, ETag %q, same as %q", path, first.Header().Get("Cache-Control"), etag, etags[etag])
		}
		etags[etag] = path
		if again := do(t, h, "GET", path, "If-None-Match", etag); again.Code != 304 || again.Body.Len() != 0 {
			t.Errorf("%s, unchanged: %d, %d bytes", path, again.Code, again.Body.Len())
		}
		if other := do(t, h, "GET", path, "If-None-Match", `"other"`); other.Code != 200 {
			t.Errorf("%s, changed: %d", path, other.Code)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	h := mustNew(t, "key")
	for _, path := range []string{
		"/-/", "/-/unknown.js", "/-/index.html", "/index.html", "/-/../web.go", "/-/../chatme.js", "/-//app.css", "/static/app.js", "/chatme.js/",
	} {
		if w := do(t, h, "GET", path); w.Code != 404 {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if w := do(t, h, method, "/"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s /: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestKeyIsEscaped(t *testing.T) {
	meta := regexp.MustCompile(`<meta name="chatme-key" content="([^"]*)">`)
	for _, key := range []string{
		"chatme-web-dev-key-2024", `"><script src=x>`, `a&b&amp;c`, `'`, "ключ ☂", "CHATME-KEY", "</meta>", "$1 ${x}",
	} {
		body := do(t, mustNew(t, key), "GET", "/").Body.String()
		found := meta.FindAllStringSubmatch(body, -1)
		if len(found) != 1 || html.UnescapeString(found[0][1]) != key {
			t.Errorf("%q: %q", key, found)
		}
		if got, want := strings.Count(body, "<script"), 1; got != want {
			t.Errorf("%q: %d scripts", key, got)
		}
	}
}

// The offer arrives in the page as it was configured, whatever it and the key contain.
func TestOffer(t *testing.T) {
	meta := regexp.MustCompile(`<meta name="chatme-offer" content="([^"]*)">`)
	for name, tt := range map[string]struct {
		cfg  Config
		want string
	}{
		"nothing": {Config{APIKey: "k"}, `{"openMs":0}`},
		"both": {
			Config{APIKey: "k", Topics: []string{"music", "rock & roll"}, Languages: []string{"de"}, OpenAfter: 5 * time.Second},
			`{"topics":["music","rock \u0026 roll"],"languages":["de"],"openMs":5000}`,
		},
		"markup": {Config{APIKey: "k", Topics: []string{`"><script>`}}, `{"topics":["\"\u003e\u003cscript\u003e"],"openMs":0}`},
		"marks":  {Config{APIKey: "CHATME-OFFER", Topics: []string{"CHATME-KEY"}}, `{"topics":["CHATME-KEY"],"openMs":0}`},
	} {
		found := meta.FindAllStringSubmatch(do(t, mustNewWith(t, tt.cfg), "GET", "/").Body.String(), -1)
		if len(found) != 1 || html.UnescapeString(found[0][1]) != tt.want {
			t.Errorf("%s: %q, want %s", name, found, tt.want)
		}
	}
}

func TestInvalidKey(t *testing.T) {
	for _, key := range []string{"", "a\nb", "a\x00b", "\xff"} {
		if _, err := New(Config{APIKey: key}); err == nil {
			t.Errorf("%q: no error", key)
		} else if key != "" && strings.Contains(err.Error(), key) {
			t.Errorf("%q: the error contains the key: %v", key, err)
		}
	}
}

// In a browser the policy would block all of this, and the page would not work.
func TestPageIsStrict(t *testing.T) {
	body := do(t, mustNew(t, "key"), "GET", "/").Body.String()
	for what, forbidden := range map[string]string{
		"an inline style":     `(?i)<style|\sstyle=`,
		"an inline script":    `(?i)<script(\s+type="module")?\s*>`,
		"an inline handler":   `(?i)\son[a-z]+\s*=`,
		"a root-relative URL": `(?i)\s(href|src|action)="/`,
		"an absolute URL":     `(?i)\s(href|src|action)="[a-z]+:`,
	} {
		if found := regexp.MustCompile(forbidden).FindString(body); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
	// Every file that the page names exists.
	for _, m := range regexp.MustCompile(`\s(?:href|src)="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if !slices.Contains(paths(t), "/"+m[1]) {
			t.Errorf("%s is not served", m[1])
		}
	}
}

// The size budget of the whole client: the bytes of a first visit.
func TestSize(t *testing.T) {
	h := mustNew(t, "key")
	for accept, most := range map[string]int{"": 84_000, "gzip, deflate, br, zstd": 31_000} {
		total := 0
		for _, path := range paths(t) {
			total += do(t, h, "GET", path, "Accept-Encoding", accept).Body.Len()
		}
		t.Logf("%q: %d bytes", accept, total)
		if total > most {
			t.Errorf("Accept-Encoding %q: the page and its files are %d bytes, want at most %d", accept, total, most)
		}
	}
}

func TestGzip(t *testing.T) {
	h := mustNew(t, "key")
	plain := do(t, h, "GET", "/-/app.css")
	for accept, want := range map[string]string{
		"gzip": "gzip", "br, GZIP;q=0.5": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.000, br": "", "xgzip": "",
	} {
		got := do(t, h, "GET", "/-/app.css", "Accept-Encoding", accept)
		if got.Header().Get("Content-Encoding") != want || got.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: encoding %q, Vary %q", accept, got.Header().Get("Content-Encoding"), got.Header().Get("Vary"))
		}
		if want == "" {
			continue
		}
		if got.Header().Get("ETag") == plain.Header().Get("ETag") {
			t.Errorf("%q: the ETag equals that of the uncompressed body", accept)
		}
		unzipped, err := gzip.NewReader(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(unzipped); err != nil || string(body) != plain.Body.String() {
			t.Errorf("%q: different content, %v", accept, err)
		}
		if again := do(t, h, "GET", "/-/app.css", "Accept-Encoding", accept, "If-None-Match", got.Header().Get("ETag")); again.Code != 304 {
			t.Errorf("%q, unchanged: %d", accept, again.Code)
		}
	}
}
