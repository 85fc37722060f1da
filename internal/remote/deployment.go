// Package remote examines a deployment from outside: its URL, single requests, and what a refusal commonly means.
package remote

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Deployment is where clients reach a server.
type Deployment struct {
	Secure bool   // TLS
	Host   string // with the port, if it is not the scheme's own
	Path   string // begins with "/"
}

// Parse parses a URL with scheme ws, wss, http or https.
func Parse(text string) (Deployment, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return Deployment{}, fmt.Errorf("%q: invalid server URL; write for example wss://chat.example.org", text)
	}
	d := Deployment{Host: u.Host, Path: cmp.Or(u.EscapedPath(), "/")}
	if u.RawQuery != "" {
		d.Path += "?" + u.RawQuery
	}
	switch u.Scheme {
	case "wss", "https":
		d.Secure = true
	case "ws", "http":
	default:
		return Deployment{}, fmt.Errorf("%q: invalid scheme %q; use ws, wss, http or https", text, u.Scheme)
	}
	return d, nil
}

// Socket returns the URL for a WebSocket.
func (d Deployment) Socket() string {
	if d.Secure {
		return "wss://" + d.Host + d.Path
	}
	return "ws://" + d.Host + d.Path
}

// Page returns the URL for a browser.
func (d Deployment) Page() string { return d.Origin() + d.Path }

// Origin returns the origin of a page there (RFC 6454, section 6.2).
func (d Deployment) Origin() string {
	if d.Secure {
		return "https://" + d.Host
	}
	return "http://" + d.Host
}

// ForeignOrigin is allowed nowhere: the name cannot exist (RFC 6761, section 6.4).
const ForeignOrigin = "https://probe.invalid"

// BodyShown is the most that is read of a body, in bytes.
const BodyShown = 64 << 10

// DoOnce sends r and follows no redirect. It returns the response, whose body is closed, and the beginning of the body.
// tune changes the transport; nil keeps the system's defaults.
func DoOnce(r *http.Request, timeout time.Duration, tune func(*http.Transport)) (*http.Response, string, error) {
	transport := &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}
	if tune != nil {
		tune(transport)
	}
	alone := http.Client{
		Timeout:       timeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := alone.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, BodyShown))
	return response, string(body), err
}
