package server

import (
	"io"
	"net/http"
	"strings"
)

// unlessDropped serves page, whatever a request accepts: link previews and monitors send Accept: */*. A request with the
// headers of a handshake (RFC 6455, section 4.1) but without its upgrade came through a proxy that dropped it, and is
// answered with that explanation.
func unlessDropped(page http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.HasPrefix(name, "Sec-Websocket-") { // as net/http spells it
				upgradeRequired(w, r)
				return
			}
		}
		page.ServeHTTP(w, r)
	}
}

// robots answers /robots.txt (RFC 9309). The page is public, and never contains messages, so a search engine may show
// it; it needs the scripts too. Without a page there is nothing to index, and crawlers are excluded.
func robots(page bool) http.HandlerFunc {
	text := "User-agent: *\nDisallow: /\n"
	if page {
		text = "User-agent: *\nDisallow:\n"
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=86400")
		io.WriteString(w, text)
	}
}

// noContent answers /favicon.ico, which browsers request on their own. The page names its own icon.
func noContent(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "max-age=86400")
	w.WriteHeader(http.StatusNoContent)
}
