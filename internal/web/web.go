package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

//go:embed static/index.html static/chatme.js static/app.css static/icon.svg
//go:embed static/app.js static/attention.js static/composer.js static/emoji.js static/german.js
//go:embed static/gif.js static/interests.js static/links.js static/moving.js static/pictures.js static/prefs.js static/question.js static/transcript.js
//go:embed static/upload.js static/words.js
var static embed.FS

const (
	pageName    = "index.html"
	libraryName = "chatme.js"

	// Placeholders in index.html for the API key and for what a reader may choose (offer).
	keyMark   = "CHATME-KEY"
	offerMark = "CHATME-OFFER"

	// policyFormat is the Content-Security-Policy (level 3) of every response, without the ancestors. Images must come
	// from the page or be data URIs: a remote image would reveal the viewer's address to its host. 'self' covers the
	// socket, because it matches a WebSocket at the page's host and port, over http and https.
	policyFormat = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors %s; require-trusted-types-for 'script'"
)

// Config configures the page.
type Config struct {
	APIKey string   // WEB_API_KEY: a label that every web client carries, not a secret
	Frames []string // origins that may frame the page, besides its own
	Dir    string   // a directory that replaces the built-in page; "": none

	Topics, Languages []string      // what a reader may choose on the start screen
	OpenAfter         time.Duration // how long a search prefers the chosen topics
}

// offer returns what a reader may choose, as JSON: {"topics":[…],"languages":[…],"openMs":5000}.
func (c *Config) offer() (string, error) {
	text, err := json.Marshal(struct {
		Topics    []string `json:"topics,omitempty"`
		Languages []string `json:"languages,omitempty"`
		OpenMs    int64    `json:"openMs"`
	}{c.Topics, c.Languages, c.OpenAfter.Milliseconds()})
	return string(text), err
}

// resource is one response; immutable after construction.
type resource struct {
	body         []byte
	zipped       []byte // body compressed with gzip; nil: not smaller
	contentType  string
	cacheControl string
	tag          string // the ETag; "": none
}

// site maps paths to responses; immutable after construction.
type site struct {
	policy    string
	resources map[string]*resource
}

// New returns the handler for the page, the library and the page's files. Other paths get 404, methods other than GET
// and HEAD get 405.
func New(cfg Config) (http.Handler, error) {
	s := &site{resources: map[string]*resource{}}
	var err error
	if s.policy, err = policyFor(cfg.Frames); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	files, err := builtIn()
	if err == nil && cfg.Dir != "" {
		library := files[libraryName]
		if files, err = readDir(cfg.Dir); err == nil && files[libraryName] == nil {
			files[libraryName] = library // a custom page need not include it
		}
	}
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	for name, body := range files {
		s.resources[pathOf(name)] = newFile(name, body)
	}
	if s.resources["/"], err = newPage(files[pageName], &cfg); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return s, nil
}

// pathOf returns the path of a file: the page and the library are at their usual places, the rest is below /-/, out of
// the way.
func pathOf(name string) string {
	switch name {
	case pageName:
		return "/"
	case libraryName:
		return "/" + name
	}
	return "/-/" + name
}

// policyFor returns the policy of a page that the origins in frames may frame. An origin that would break the policy is
// an error: a semicolon in it would begin another directive.
func policyFor(frames []string) (string, error) {
	ancestors := "'self'"
	for _, origin := range frames {
		if strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`;,'"*`, r) }) {
			return "", fmt.Errorf("origin %q is not allowed in a Content-Security-Policy", origin)
		}
		ancestors += " " + origin
	}
	return fmt.Sprintf(policyFormat, ancestors), nil
}

func newFile(name string, body []byte) *resource {
	sum := sha256.Sum256(body)
	return &resource{
		body:         body,
		zipped:       zip(body),
		contentType:  contentType(name, body),
		cacheControl: "no-cache", // revalidated each time, mostly with 304
		tag:          base64.RawURLEncoding.EncodeToString(sum[:12]),
	}
}

// newPage returns the page with the key and the offer in place of their marks. It must not be cached, so that a new key
// takes effect at the next load. A custom page may have no marks; a test checks the built-in page.
func newPage(body []byte, cfg *Config) (*resource, error) {
	key := cfg.APIKey
	switch {
	case key == "":
		return nil, errors.New("no API key for the page")
	case !utf8.ValidString(key) || bytes.ContainsFunc([]byte(key), unicode.IsControl):
		return nil, errors.New("the API key contains control characters or is not UTF-8")
	}
	offer, err := cfg.offer()
	if err != nil {
		return nil, err
	}
	body = []byte(strings.NewReplacer(keyMark, html.EscapeString(key), offerMark, html.EscapeString(offer)).Replace(string(body)))
	return &resource{
		body:         body,
		zipped:       zip(body),
		contentType:  "text/html; charset=utf-8",
		cacheControl: "no-store",
	}, nil
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	res := s.resources[r.URL.Path]
	if res == nil {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", res.contentType)
	h.Set("Cache-Control", res.cacheControl)
	body, tag := res.body, res.tag
	if res.zipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body, tag = res.zipped, tag+"-gzip" // different bytes need a different ETag (RFC 9110, section 8.8.3)
		}
	}
	if res.tag != "" {
		h.Set("ETag", `"`+tag+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body)) // handles If-None-Match
}
