package protocol

import (
	"strings"
	"testing"

	"chatme/internal/chat"
)

func TestAllows(t *testing.T) {
	const any, data, none = true, true, false
	for url, want := range map[string]struct{ any, data bool }{
		png:                                  {any, data},
		"data:image/jpeg;base64,QUJD":        {any, data},
		"data:image/jpg;base64,QUJD":         {any, data},
		"data:image/gif;base64,QUJD":         {any, data},
		"data:image/webp;base64,QUJD":        {any, data},
		"data:image/avif;base64,QUJD":        {any, data},
		"data:image/heic;base64,QUJD":        {any, data},
		"data:image/heif;base64,QUJD":        {any, data},
		"data:image/bmp;base64,QUJD":         {any, data},
		"DATA:Image/JPEG;BASE64,QUJD":        {any, data},
		"data:image/png;base64,QUI=":         {any, data},
		"data:image/png;base64,QQ==":         {any, data},
		"data:image/png;base64,azAZ+/9zQUI=": {any, data},

		"": {}, "data:": {}, "data:image/": {}, "data:image/png": {}, "data:image/png;base64": {},
		"data:image/png;base64,":                    {}, // nothing to show
		"data:image/png;base64,QUI":                 {},
		"data:image/png;base64,QU":                  {},
		"data:image/png;base64,Q===":                {},
		"data:image/png;base64,====":                {},
		"data:image/png;base64,=":                   {},
		"data:image/png;base64,QQ==QUJD":            {},
		"data:image/png;base64,QU=D":                {},
		"data:image/png;base64,QUJDQU-D":            {},
		"data:image/png;base64,QUJDQU_D":            {},
		"data:image/png;base64,QUJD QUJDQUJ":        {},
		"data:image/png;base64,QUJD\nQUJDQUJ":       {},
		"data:image/png;base64,QUJDQUJDQUJ\"":       {},
		"data:image/png;base64,éQUJDQU":             {},
		"data:image/png,QUJD":                       {},
		"data:image/png;charset=x;base64,QUJD":      {},
		"data:image/png; base64,QUJD":               {},
		" data:image/png;base64,QUJD":               {},
		"data:image/svg+xml;base64,QUJD":            {},
		"data:image/svg;base64,QUJD":                {},
		"data:image/tiff;base64,QUJD":               {},
		"data:image/;base64,QUJD":                   {},
		"data:image/g\u0130f;base64,QUJD":           {}, // İ, whose lower case is an i
		"data:image/png;ba\u017fe64,QUJD":           {}, // ſ, which folds to s
		"data:text/html;base64,QUJD":                {},
		"data:application/octet-stream;base64,QUJD": {},
		"javascript:alert(1)":                       {},
		"blob:https://a/b":                          {},
		"file:///etc/passwd":                        {},
		"//example.org/a.png":                       {},
		"http://example.org/a.png":                  {},

		"https://example.org/a.png":         {any, none},
		"HTTPS://Example.org":               {any, none},
		"https://example.org:8443/a?b=c#d":  {any, none},
		"https://u:p@example.org/":          {any, none},
		"https://[2001:db8::1]:443/a.png":   {any, none},
		"https://bücher.example/ü.png":      {any, none},
		"https:":                            {},
		"https://":                          {},
		"https:///a.png":                    {},
		"https://?a":                        {},
		"https://#a":                        {},
		"https://:443/":                     {},
		"https://u@/a":                      {},
		"https://[]/":                       {},
		"https://[::1/":                     {},
		"https:example.org":                 {},
		"https:/example.org":                {},
		"https://example.org/a b":           {},
		"https://example.org/a\tb":          {},
		"https://example.org/\u0000":        {},
		"https://example.org/\x7f":          {},
		"https://example.org/\u0085":        {},
		"https://example.org/\u00a0":        {},
		"https://example.org/\u2028":        {},
		"https://example.org/\u202egnp.exe": {}, // right to left
		"https://example.org/\"onerror=":    {},
		"https://example.org/'onerror=":     {},
		"https://example.org/`":             {},
		"https://example.org\\@evil.org":    {},
		"https://example.org/\xc3":          {},
	} {
		if got := ImagesAny.Allows(url); got != want.any {
			t.Errorf("any: %q: %v", url, got)
		}
		if got := ImagesData.Allows(url); got != want.data {
			t.Errorf("data: %q: %v", url, got)
		}
		if ImagesOff.Allows(url) {
			t.Errorf("off: %q is allowed", url)
		}
	}
}

// Every byte at every place of a word, against the alphabet of RFC 4648.
func TestBase64Alphabet(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range 256 {
		want := strings.IndexByte(alphabet, byte(c)) >= 0
		for i := range 12 {
			s := []byte("AzZa09+/QUJD")
			s[i] = byte(c)
			if got := isBase64(string(s)); got != want && (c != '=' || i < 11) {
				t.Errorf("%q: %v", s, got)
			}
		}
	}
}

func TestImagePolicies(t *testing.T) {
	const https = "https://example.org/a.png"
	for name, tt := range map[string]struct {
		policy  ImagePolicy
		url     string
		refused chat.ErrorCode
	}{
		"any, data":        {ImagesAny, png, ""},
		"any, https":       {ImagesAny, https, ""},
		"any, http":        {ImagesAny, "http://example.org/a.png", chat.ErrBadImage},
		"any, javascript":  {ImagesAny, "javascript:alert(1)", chat.ErrBadImage},
		"any, SVG":         {ImagesAny, "data:image/svg+xml;base64,QUJD", chat.ErrBadImage},
		"any, HTML":        {ImagesAny, "data:text/html;base64,QUJD", chat.ErrBadImage},
		"any, escaped NUL": {ImagesAny, https + `\u0000`, chat.ErrBadImage},
		"data, data":       {ImagesData, png, ""},
		"data, https":      {ImagesData, https, chat.ErrBadImage},
		"off, data":        {ImagesOff, png, chat.ErrBadImage},
		"off, https":       {ImagesOff, https, chat.ErrBadImage},
	} {
		t.Run(name, func(t *testing.T) {
			r := Rules{MaxText: 100, Images: tt.policy}
			want := chat.Command{Op: chat.Send, Partner: "P", N: 7, Text: "look", Image: tt.url}
			if tt.refused != "" {
				want.Text, want.Image, want.Refused = "", "", tt.refused
			}
			mustDecode(t, &r, `{"type":"message","partnerId":"P","n":7,"text":"look","imageUrl":"`+tt.url+`"}`, command(want))
		})
	}
	mustDecode(t, &Rules{MaxText: 100, Images: ImagesOff}, `{"type":"message","text":"hi","imageUrl":""}`, send("hi"))
}

func TestParseImagePolicy(t *testing.T) {
	for _, p := range []ImagePolicy{ImagesAny, ImagesData, ImagesOff} {
		if got, err := ParseImagePolicy(p.String()); got != p || err != nil {
			t.Errorf("%v: %v, %v", p, got, err)
		}
	}
	for _, s := range []string{"", "Any", "none", " off"} {
		if _, err := ParseImagePolicy(s); err == nil {
			t.Errorf("%q is a policy", s)
		}
	}
	if got := ImagePolicy(9).String(); got != "ImagePolicy(9)" || ImagePolicy(9).Allows(png) {
		t.Errorf("an unknown policy is %s", got)
	}
}
