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
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

//go:embed static/index.html static/chatme.js static/app.css static/icon.svg
//go:embed static/app.js static/attention.js static/composer.js static/emoji.js static/german.js
//go:embed static/gif.js static/links.js static/moving.js static/pictures.js static/prefs.js static/question.js static/transcript.js
//go:embed static/upload.js static/words.js
var static embed.FS

const (
	pageName    = "index.html"
	libraryName = "chatme.js"

	// keyMark is where index.html wants the key.
	keyMark = "CHATME-KEY"

	// policyFormat is the Content-Security-Policy (level 3) of everything here, but for the ancestors. Images are of
	// the page or data URIs: one from elsewhere would show the viewer's address to its host. 'self' covers the
	// socket, because a WebSocket of the page's own host and port matches it, whether the page came by http or https.
	policyFormat = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors %s; require-trusted-types-for 'script'"
)

// Config is what the page needs.
type Config struct {
	APIKey string   // WEB_API_KEY: a label every web client carries, not a secret
	Frames []string // origins whose pages may frame this one, besides its own
	Dir    string   // a directory of files in place of the built-in page; "": none
}

// resource is one answer; static after construction.
type resource struct {
	body         []byte
	zipped       []byte // the same by gzip; nil: not smaller
	contentType  string
	cacheControl string
	tag          string // of the ETag; "": none
}

// site answers by path; static after construction.
type site struct {
	policy    string
	resources map[string]*resource
}

// New returns the handler of the page, of the library and of the page's files. Every other path is 404, every
// method but GET and HEAD 405.
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
			files[libraryName] = library // a page of one's own need not bring it
		}
	}
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	for name, body := range files {
		s.resources[pathOf(name)] = newFile(name, body)
	}
	if s.resources["/"], err = newPage(files[pageName], cfg.APIKey); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return s, nil
}

// pathOf is where a file is served: the page and the library where people look for them, the rest below /-/, so
// that it is in nobody's way.
func pathOf(name string) string {
	switch name {
	case pageName:
		return "/"
	case libraryName:
		return "/" + name
	}
	return "/-/" + name
}

// policyFor is the policy of a page that frames may frame. An origin that the policy cannot carry is an error: with
// a semicolon in it, it would be a directive.
func policyFor(frames []string) (string, error) {
	ancestors := "'self'"
	for _, origin := range frames {
		if strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`;,'"*`, r) }) {
			return "", fmt.Errorf("the origin %q cannot stand in a Content-Security-Policy", origin)
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
		cacheControl: "no-cache", // asked for again each time, and mostly answered 304
		tag:          base64.RawURLEncoding.EncodeToString(sum[:12]),
	}
}

// newPage returns the page with key where it is marked. It is never stored, so that a changed key is in force at the
// next load. A page of one's own may do without a key, and the built-in one has a test.
func newPage(body []byte, key string) (*resource, error) {
	switch {
	case key == "":
		return nil, errors.New("no API key for the page")
	case !utf8.ValidString(key) || bytes.ContainsFunc([]byte(key), unicode.IsControl):
		return nil, errors.New("the API key holds characters that a page cannot carry")
	}
	body = bytes.Replace(body, []byte(keyMark), []byte(html.EscapeString(key)), 1)
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
			body, tag = res.zipped, tag+"-gzip" // other bytes, another ETag (RFC 9110, section 8.8.3)
		}
	}
	if res.tag != "" {
		h.Set("ETag", `"`+tag+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body)) // answers If-None-Match by the ETag
}
