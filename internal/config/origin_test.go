package config

import (
	"strings"
	"testing"
)

// An origin that no browser sends would never match, and the log would not say why.
func TestOriginsThatNoBrowserSends(t *testing.T) {
	tests := map[string]string{ // the origin that the error suggests; "": the origin is valid
		"http://localhost:5173":                                "",
		"https://chat.example.org":                             "",
		"https://chat.example.org.":                            "",
		"https://[::1]:8443":                                   "",
		"https://[2001:db8::1]":                                "",
		"http://[::ffff:cb00:7107]":                            "",
		"http://192.0.2.1:8080":                                "",
		"https://xn--bcher-kva.example":                        "",
		"https://my_host":                                      "",
		"https://1password.example":                            "",
		"https://a.0xabc.example":                              "",
		"http://chat.example:443":                              "", // the default port of the other scheme
		"capacitor://localhost":                                "",
		"ionic://localhost":                                    "",
		"tauri://localhost":                                    "",
		"http://tauri.localhost":                               "",
		"app://obsidian.md":                                    "",
		"app://.":                                              "https://chat.example.org",
		"chrome-extension://abcdefghijklmnopabcdefghijklmnop":  "",
		"moz-extension://0f0e0d0c-0b0a-0908-0706-050403020100": "",
		"vscode-webview://1a2b3c":                              "",
		"ftp://b":                                              "",
		"app://localhost:443":                                  "", // a port without a default

		"https://chat.example.org:443":     "https://chat.example.org",
		"http://chat.example.org:80":       "http://chat.example.org",
		"https://chat.example.org:0443":    "https://chat.example.org",
		"https://chat.example.org:08443":   "https://chat.example.org:8443",
		"https://chat.example.org:":        "https://chat.example.org",
		"https://chat.example.org/":        "https://chat.example.org",
		"https://chat.example.org/a?b#c":   "https://chat.example.org",
		"https://chat.example.org?b":       "https://chat.example.org",
		"https://chat.example.org#b":       "https://chat.example.org",
		"capacitor://localhost/":           "capacitor://localhost",
		"https://user@chat.example.org":    "https://chat.example.org",
		"https://user:pw@chat.example.org": "https://chat.example.org",
		"https://Chat.example.org":         "https://chat.example.org",
		"HTTPS://chat.example.org":         "https://chat.example.org",
		"Capacitor://LOCALHOST":            "capacitor://localhost",
		"chat.example.org":                 "https://chat.example.org",
		"chat.example.org:8443/a":          "https://chat.example.org:8443",
		"wss://chat.example.org":           "https://chat.example.org",
		"ws://localhost:8787":              "http://localhost:8787",
		"https://bücher.example":           "https://xn--bcher-kva.example",
		"https://BÜCHER.example:8443":      "https://xn--bcher-kva.example:8443",
		"https://bücher.example:443/":      "https://xn--bcher-kva.example",
		"https://例え.テスト":                   "https://xn--r8jz45g.xn--zckzah",
		"https://[2001:DB8:0:0::1]":        "https://[2001:db8::1]",
		"https://[::1]:443":                "https://[::1]",
		"http://[::ffff:203.0.113.7]":      "http://[::ffff:cb00:7107]",

		"*":                            "https://chat.example.org",
		"https://*":                    "https://chat.example.org",
		"https://*.example.org":        "https://chat.example.org",
		"https://chat.example:*":       "https://chat.example.org",
		"null":                         "CHATME_ALLOW_NULL_ORIGIN=on",
		"file://":                      "CHATME_ALLOW_NULL_ORIGIN=on",
		"file:///index.html":           "CHATME_ALLOW_NULL_ORIGIN=on",
		"":                             "https://chat.example.org",
		"https://":                     "https://chat.example.org",
		"https:///a":                   "https://chat.example.org",
		"://a":                         "https://chat.example.org",
		"1http://a":                    "https://chat.example.org",
		"https://a b":                  "https://chat.example.org",
		"https://a https://b":          "https://chat.example.org",
		"https://a:99999":              "https://chat.example.org",
		"https://a:b":                  "https://chat.example.org",
		"https://a..b":                 "https://chat.example.org",
		"https://.a":                   "https://chat.example.org",
		"https://[::1":                 "https://chat.example.org",
		"https://::1":                  "https://chat.example.org",
		"https://[fe80::1%25eth0]":     "https://chat.example.org",
		"http://127.1":                 "https://chat.example.org",
		"http://0x7f000001":            "https://chat.example.org",
		"http://010.0.0.1":             "https://chat.example.org",
		"app://bücher":                 "https://chat.example.org",
		"https://bu\u0308cher.example": "https://chat.example.org",
		"https://a;script-src":         "https://chat.example.org",
		"https://a'b":                  "https://chat.example.org",
		"https://a\u200b.example":      "https://chat.example.org",
	}
	for text, want := range tests {
		err := checkOrigin(text)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %s", text, err, want)
		case want != "" && strings.HasPrefix(err.Error(), `"`) && strings.Contains(err.Error(), "write "+want) && checkOrigin(want) != nil:
			t.Errorf("%q: the remedy %s is refused", text, want)
		}
	}
}

// Two spellings of one origin parse to equal values; different origins do not.
func TestOriginsInCanonicalForm(t *testing.T) {
	for canonical, others := range map[string][]string{
		"https://a.example":      {"https://a.example:443", "HTTPS://A.Example", "https://a.example:0443"},
		"http://a.example":       {"http://a.example:80"},
		"http://a.example:443":   {"HTTP://a.example:443"},
		"https://a.example:80":   {},
		"https://a.example:8443": {"https://A.example:8443"},
		"https://[::1]":          {"https://[0:0::1]:443", "https://[::0001]"},
		"safari-web-extension://e5d2a7c0-0000-4000-8000-000000000000": {"safari-web-extension://E5D2A7C0-0000-4000-8000-000000000000"},
	} {
		for _, text := range append(others, canonical) {
			if o, ok := ParseOrigin(text); !ok || o.String() != canonical {
				t.Errorf("%q is %q, %v; want %q", text, o, ok, canonical)
			}
		}
	}
	for _, text := range []string{"", "null", "a", "https://", "https://a/", "https://u@a", "https://a:", "https://a:x", "https://a:1:2", "https://[::1]x", "https://[1.2.3.4]", "ht tp://a", "https://a\r\nb", "//a", "https:a"} {
		if o, ok := ParseOrigin(text); ok {
			t.Errorf("%q is %q", text, o)
		}
	}
}

// A parsed origin parses again to the same value, and an origin that passes the check is in canonical form.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"https://a.example:443", "HTTP://[::1]:80", "capacitor://localhost", "https://bücher.example", "http://127.1", "a:b://c:d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, ok := ParseOrigin(text)
		if again, okAgain := ParseOrigin(o.String()); ok && (!okAgain || again != o) {
			t.Errorf("%q is %q, and that %q, %v", text, o, again, okAgain)
		}
		if checkOrigin(text) == nil && (!ok || o.String() != text) {
			t.Errorf("%q is taken, and is %q, %v", text, o, ok)
		}
	})
}
