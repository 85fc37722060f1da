package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/http"
	"time"
	"unicode"
	"unicode/utf8"
)

//go:embed static/index.html
//go:embed static/chatme.js
//go:embed static/app.css static/app.js static/transcript.js static/icon.svg
var static embed.FS

// files are what is served besides the page, by path.
var files = map[string]struct{ name, contentType string }{
	"/chatme.js":       {"chatme.js", typeScript},
	"/-/app.css":       {"app.css", "text/css; charset=utf-8"},
	"/-/app.js":        {"app.js", typeScript},
	"/-/transcript.js": {"transcript.js", typeScript},
	"/-/icon.svg":      {"icon.svg", "image/svg+xml"},
}

const (
	typeScript = "text/javascript; charset=utf-8"

	// keyMark is where index.html wants the key.
	keyMark = "CHATME-KEY"

	// policy is the Content-Security-Policy (level 3) of everything here. Images are of the page or data URIs:
	// one from elsewhere would show the viewer's address to its host. 'self' covers the socket, because a
	// WebSocket of the page's own host and port matches it, whether the page came by http or https.
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'"
)

// Config is what the page needs.
type Config struct {
	APIKey string // WEB_API_KEY: a label every web client carries, not a secret
}

// resource is one answer; static after construction.
type resource struct {
	body         []byte
	contentType  string
	cacheControl string
	etag         string // "": none
}

// site answers by path; static after construction.
type site map[string]*resource

// New returns the handler of the page, of the library and of the page's files. Every other path is 404, every
// method but GET and HEAD 405.
func New(cfg Config) (http.Handler, error) {
	page, err := newPage(cfg.APIKey)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s := site{"/": page}
	for path, f := range files {
		body, err := static.ReadFile("static/" + f.name)
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		sum := sha256.Sum256(body)
		s[path] = &resource{
			body:         body,
			contentType:  f.contentType,
			cacheControl: "no-cache", // asked for again each time, and mostly answered 304
			etag:         `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		}
	}
	return s, nil
}

// newPage returns the page with key in it. It is never stored, so that a changed key is in force at the next load.
func newPage(key string) (*resource, error) {
	switch {
	case key == "":
		return nil, errors.New("no API key for the page")
	case !utf8.ValidString(key) || bytes.ContainsFunc([]byte(key), unicode.IsControl):
		return nil, errors.New("the API key holds characters that a page cannot carry")
	}
	body, err := static.ReadFile("static/index.html")
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(body, []byte(keyMark)); n != 1 {
		return nil, fmt.Errorf("index.html has %d places for the key, want 1", n)
	}
	return &resource{
		body:         bytes.Replace(body, []byte(keyMark), []byte(html.EscapeString(key)), 1),
		contentType:  "text/html; charset=utf-8",
		cacheControl: "no-store",
	}, nil
}

// ServeHTTP implements http.Handler.
func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	res := s[r.URL.Path]
	if res == nil {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", res.contentType)
	h.Set("Cache-Control", res.cacheControl)
	if res.etag != "" {
		h.Set("ETag", res.etag)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(res.body)) // answers If-None-Match by the ETag
}
