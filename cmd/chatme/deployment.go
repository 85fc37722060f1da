package main

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// deployment is where a server is reached by its clients.
type deployment struct {
	secure bool   // TLS
	host   string // with the port, if it is not the scheme's own
	path   string // begins with "/"
}

// parseDeployment reads a URL of any of the four schemes.
func parseDeployment(text string) (deployment, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return deployment{}, fmt.Errorf("%q is no address of a server; write for example wss://chat.example.org", text)
	}
	d := deployment{host: u.Host, path: cmp.Or(u.EscapedPath(), "/")}
	if u.RawQuery != "" {
		d.path += "?" + u.RawQuery
	}
	switch u.Scheme {
	case "wss", "https":
		d.secure = true
	case "ws", "http":
	default:
		return deployment{}, fmt.Errorf("%q has the scheme %q; ws, wss, http and https are possible", text, u.Scheme)
	}
	return d, nil
}

// socket is the address for a WebSocket.
func (d deployment) socket() string {
	if d.secure {
		return "wss://" + d.host + d.path
	}
	return "ws://" + d.host + d.path
}

// page is the address for a browser.
func (d deployment) page() string { return d.origin() + d.path }

// origin is that of a page there (RFC 6454, section 6.2).
func (d deployment) origin() string {
	if d.secure {
		return "https://" + d.host
	}
	return "http://" + d.host
}

// foreignOrigin is allowed nowhere: the name cannot exist (RFC 6761, section 6.4).
const foreignOrigin = "https://probe.invalid"

// bodyShown is how much of a body is read, in bytes.
const bodyShown = 64 << 10

// doOnce sends r and follows no redirect. It returns the answer, whose body is closed, and the beginning of that. trust
// is about https; nil is the system's.
func doOnce(r *http.Request, timeout time.Duration, trust *tls.Config) (*http.Response, string, error) {
	alone := http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := alone.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyShown))
	return response, string(body), err
}
