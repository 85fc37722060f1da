package protocol

import (
	"encoding/base64"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/testcard"
)

// cardWith returns a data URI of a test card with a comment.
func cardWith(t *testing.T, comment string) string {
	const head = "data:image/jpeg;base64,"
	card, err := base64.StdEncoding.DecodeString(testcard.URI("")[len(head):])
	if err != nil {
		t.Fatal(err)
	}
	segment := "\xff\xfe\x00" + string(rune(2+len(comment))) + comment
	return head + base64.StdEncoding.EncodeToString([]byte(string(card[:2])+segment+string(card[2:])))
}

func TestAllows(t *testing.T) {
	const any, data, none = true, true, false
	for _, kind := range []string{"png", "jpeg", "jpg", "gif", "webp", "avif", "heic", "heif", "bmp"} {
		if url := "data:image/" + kind + ";base64," + pixel; !rules.allows([]byte(url)) { // its content decides
			t.Errorf("%s is not allowed", url)
		}
	}
	for url, want := range map[string]struct{ any, data bool }{
		"DATA:Image/JPEG;BASE64," + pixel: {any, data},

		"": {}, "data:": {}, "data:image/": {}, "data:image/png": {}, "data:image/png;base64": {},
		"data:image/png;base64,":                        {}, // nothing to show
		"data:image/png;base64,QUJD":                    {}, // not a picture
		"data:image/png;base64,PGh0bWw+PC9odG1sPg==":    {}, // HTML
		"data:image/png;base64," + pixel[:60]:           {}, // without its pixels
		png[:len(png)-1]:                                {}, // without padding
		png[:60] + "\n" + png[60:]:                      {},
		png[:60] + " " + png[61:]:                       {},
		png + "QUJD":                                    {},
		"data:image/png," + pixel:                       {},
		"data:image/png;charset=x;base64," + pixel:      {},
		"data:image/png; base64," + pixel:               {},
		" " + png:                                       {},
		"data:image/svg+xml;base64," + pixel:            {},
		"data:image/svg;base64," + pixel:                {},
		"data:image/tiff;base64," + pixel:               {},
		"data:image/;base64," + pixel:                   {},
		"data:image/g\u0130f;base64," + pixel:           {}, // İ, whose lower case is an i
		"data:image/png;ba\u017fe64," + pixel:           {}, // ſ, which folds to s
		"data:text/html;base64," + pixel:                {},
		"data:application/octet-stream;base64," + pixel: {},
		"javascript:alert(1)":                           {},
		"blob:https://a/b":                              {},
		"file:///etc/passwd":                            {},
		"//example.org/a.png":                           {},
		"http://example.org/a.png":                      {},

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
		for policy, want := range map[ImagePolicy]bool{ImagesAny: want.any, ImagesData: want.data, ImagesOff: false} {
			if got := (&Rules{Images: policy}).allows([]byte(url)); got != want {
				t.Errorf("%v: %q: %v", policy, url, got)
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
	if got := ImagePolicy(9).String(); got != "ImagePolicy(9)" || (&Rules{Images: 9}).allows([]byte(png)) {
		t.Errorf("an unknown policy is %s", got)
	}
}

// The metadata of an image is blanked before the lobby has it: with Take and with Decode, with and without escapes.
func TestStripPolicies(t *testing.T) {
	const place = "52.5200 N 13.4050 E"
	taken := cardWith(t, place)
	blank := cardWith(t, strings.Repeat("\x00", len(place)))
	unclean := "data:image/bmp;base64," + base64.StdEncoding.EncodeToString([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"+
		"\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x08\x00\x01\x00\x00\x00"+strings.Repeat("\x00", 40)))
	for name, tt := range map[string]struct {
		policy   StripPolicy
		url, got string
	}{
		"on":              {StripOn, taken, blank},
		"strict":          {StripStrict, taken, blank},
		"off":             {StripOff, taken, taken},
		"on, unclean":     {StripOn, unclean, unclean},
		"strict, unclean": {StripStrict, unclean, ""},
		"off, unclean":    {StripOff, unclean, unclean},
		"on, HTML":        {StripOn, "data:image/png;base64,PGh0bWw+", ""},
		"off, HTML":       {StripOff, "data:image/png;base64,PGh0bWw+", ""},
	} {
		r := Rules{MaxText: 100, Images: ImagesData, Strip: tt.policy}
		for _, url := range []string{tt.url, strings.ReplaceAll(tt.url, "/", `\/`)} {
			for how, decode := range map[string]func([]byte, *Frame) error{"Decode": r.Decode, "Take": r.Take} {
				frame := []byte(`{"type":"message","partnerId":"P","n":7,"imageUrl":"` + url + `"}`)
				kept := string(frame)
				var f Frame
				if err := decode(frame, &f); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if f.Command.Image != tt.got || (f.Command.Refused == chat.ErrBadImage) != (tt.got == "") {
					t.Errorf("%s: %s: %.80q, %q", name, how, f.Command.Image, f.Command.Refused)
				}
				if how == "Decode" && string(frame) != kept {
					t.Errorf("%s: Decode changed the frame", name)
				}
			}
		}
	}
}

func TestParseStripPolicy(t *testing.T) {
	for s, want := range map[string]StripPolicy{"on": StripOn, "strict": StripStrict, "off": StripOff} {
		if got, err := ParseStripPolicy(s); got != want || err != nil {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := ParseStripPolicy("On"); err == nil {
		t.Error("On is a policy")
	}
}
