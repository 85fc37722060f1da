package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Origin is the origin of a page (RFC 6454), in canonical form: two origins are the same if they are equal.
type Origin struct {
	Scheme string
	Host   string // with a port if it is not the scheme's default
}

// defaultPorts are the ports that browsers omit from an origin.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// ParseOrigin reads scheme://host[:port], with any scheme and nothing after it. It accepts capitals and a default port,
// which no browser sends but some libraries do.
func ParseOrigin(text string) (o Origin, ok bool) {
	scheme, host, ok := strings.Cut(text, "://")
	if !ok || scheme == "" || strings.Trim(scheme, schemeChars) != "" || !isLetter(scheme[0]) {
		return Origin{}, false
	}
	o.Scheme = strings.ToLower(scheme)
	if o.Host, ok = CanonicalHost(o.Scheme, host); !ok || strings.HasSuffix(host, ":") {
		return Origin{}, false
	}
	return o, true
}

// String returns o as a browser sends it.
func (o Origin) String() string { return o.Scheme + "://" + o.Host }

const (
	schemeChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-."
	hostChars   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// CanonicalHost returns a host with or without a port, as in a request's Host, in the form of Origin.Host.
func CanonicalHost(scheme, text string) (host string, ok bool) {
	host, port := text, ""
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, ']') {
		host, port = text[:colon], text[colon+1:]
	}
	if address, found := strings.CutPrefix(host, "["); found {
		address, found = strings.CutSuffix(address, "]")
		ip, err := netip.ParseAddr(address)
		if !found || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", false
		}
		host = "[" + literal(ip) + "]"
	} else if host == "" || strings.Trim(host, hostChars) != "" || host[0] == '.' || strings.Contains(host, "..") {
		return "", false
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", false
		}
		port = strconv.FormatUint(n, 10)
	}
	if host = strings.ToLower(host); port != "" && port != defaultPorts[scheme] {
		host += ":" + port
	}
	return host, true
}

// literal returns an IPv6 address as browsers write it: without dots, even if it holds an IPv4 address.
// https://url.spec.whatwg.org/#concept-ipv6-serializer
func literal(ip netip.Addr) string {
	if !ip.Is4In6() {
		return ip.String()
	}
	b := ip.As16()
	return fmt.Sprintf("::ffff:%x:%x", uint(b[12])<<8|uint(b[13]), uint(b[14])<<8|uint(b[15]))
}

// checkOrigin accepts only an origin as browsers send it. Anything else would silently never match.
func checkOrigin(text string) error {
	switch {
	case text == "null" || strings.HasPrefix(text, "file:"):
		return fmt.Errorf("%q is not an origin; pages from a file or in a sandboxed frame send null: set CHATME_ALLOW_NULL_ORIGIN=on to allow them", text)
	case strings.Contains(text, "*"):
		return fmt.Errorf("%q is not an origin; wildcards are not supported: list each origin, for example https://chat.example.org", text)
	}
	sent, ok := sentOrigin(text)
	if !ok {
		return fmt.Errorf("%q is not an origin; write for example https://chat.example.org", text)
	}
	if text != sent.String() {
		return fmt.Errorf("%q is not what a browser sends; write %s", text, sent)
	}
	return nil
}

// sentOrigin returns the origin that a browser sends for a page at the URL text.
func sentOrigin(text string) (o Origin, ok bool) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return Origin{}, false
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	_, onWeb := defaultPorts[u.Scheme]
	if onWeb && !isASCII(u.Host) {
		if u.Host, err = asciiHost(u.Host); err != nil {
			return Origin{}, false
		}
	}
	if o, ok = ParseOrigin(u.Scheme + "://" + strings.TrimSuffix(u.Host, ":")); !ok {
		return Origin{}, false
	}
	if onWeb && endsInNumber(u.Hostname()) {
		_, err := netip.ParseAddr(u.Hostname())
		return o, err == nil
	}
	return o, true
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 })
}

// endsInNumber reports whether browsers parse a host as an IPv4 address, which they then write as four numbers.
// https://url.spec.whatwg.org/#ends-in-a-number-checker
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" || strings.Contains(last, ":") {
		return false
	}
	_, err := strconv.ParseUint(strings.ToLower(last), 0, 64)
	return strings.Trim(last, "0123456789") == "" || strings.HasPrefix(strings.ToLower(last), "0x") && err == nil
}

// asciiHost returns a host with letters outside ASCII as it is sent (RFC 5891). net/http writes this form into a request
// but exports no function for it, nor for the mapping before it (UTS 46). Of that mapping asciiHost only lowers letters,
// and returns an error if more is needed.
func asciiHost(host string) (string, error) {
	if _, found := hidden(host); found || strings.ContainsFunc(host, unicode.IsMark) {
		return "", errors.New("not in composed form")
	}
	host = strings.ToLower(host)
	request, err := http.NewRequest(http.MethodGet, "http://"+host, nil)
	if err != nil {
		return "", err
	}
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		return "", err
	}
	sent, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return "", err
	}
	return sent.Host, nil
}
