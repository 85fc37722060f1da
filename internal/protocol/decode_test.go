package protocol

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
)

// command returns the frame with c.
func command(c chat.Command) Frame { return Frame{Kind: KindCommand, Command: c} }

// auth is the frame of an auth with the key "k".
func auth(r *Resume) Frame { return Frame{Kind: KindAuth, APIKey: "k", KeyIsString: true, Resume: r} }

func send(text string) Frame { return command(chat.Command{Op: chat.Send, Text: text}) }

func ack(got uint64) Frame { return command(chat.Command{Op: chat.Ack, Got: got}) }

func sleep(d time.Duration) Frame { return command(chat.Command{Op: chat.Sleep, For: d}) }

var touch = command(chat.Command{Op: chat.Activity})

// pixel is a PNG of one pixel in base64, and png the data URI of it.
const (
	pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
	png   = "data:image/png;base64," + pixel
)

func TestDecode(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		want Frame
	}{
		// Base protocol.
		"auth":                        {`{"type":"auth","apiKey":"k"}`, auth(nil)},
		"auth, empty key":             {`{"type":"auth","apiKey":""}`, Frame{Kind: KindAuth, KeyIsString: true}},
		"auth, no key":                {`{"type":"auth"}`, Frame{Kind: KindAuth}},
		"auth, key null":              {`{"type":"auth","apiKey":null}`, Frame{Kind: KindAuth}},
		"auth, key a number":          {`{"type":"auth","apiKey":5}`, Frame{Kind: KindAuth}},
		"auth, key an object":         {`{"type":"auth","apiKey":{"a":[]}}`, Frame{Kind: KindAuth}},
		"search":                      {`{"type":"search"}`, command(chat.Command{Op: chat.Search})},
		"message":                     {`{"type":"message","text":"hi"}`, send("hi")},
		"message, image":              {`{"type":"message","imageUrl":"` + png + `"}`, command(chat.Command{Op: chat.Send, Image: png})},
		"message, text and image":     {`{"type":"message","text":"a","imageUrl":"` + png + `"}`, command(chat.Command{Op: chat.Send, Text: "a", Image: png})},
		"message, image escaped":      {`{"type":"message","imageUrl":"` + strings.ReplaceAll(png, "/", `\/`) + `"}`, command(chat.Command{Op: chat.Send, Image: png})},
		"typing_start":                {`{"type":"typing_start"}`, command(chat.Command{Op: chat.Typing, Start: true})},
		"typing_stop":                 {`{"type":"typing_stop"}`, command(chat.Command{Op: chat.Typing})},
		"end_chat":                    {`{"type":"end_chat"}`, command(chat.Command{Op: chat.End})},
		"ping":                        {`{"type":"ping"}`, Frame{Kind: KindPing}},
		"unknown type":                {`{"type":"dance"}`, touch},
		"unknown type, empty":         {`{"type":""}`, touch},
		"type in another case":        {`{"type":"PING"}`, touch},
		"unknown members are skipped": {`{"x":[{"text":1},[],{}],"type":"message","text":"hi","y":-0.5e-7,"z":true,"w":false}`, send("hi")},

		// Resumable sessions.
		"auth, new session": {`{"type":"auth","apiKey":"k","resume":{"v":1}}`, auth(&Resume{})},
		"auth, back": {
			`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":"cm1_S","epoch":"E","partnerId":"P","got":17,"acked":7}}`,
			auth(&Resume{SessionID: "cm1_S", Epoch: "E", PartnerID: "P", Got: 17, Acked: 7}),
		},
		"auth, resume null":              {`{"type":"auth","apiKey":"k","resume":null}`, auth(nil)},
		"auth, resume without v":         {`{"type":"auth","apiKey":"k","resume":{"sessionId":"S"}}`, auth(nil)},
		"auth, resume v null":            {`{"type":"auth","apiKey":"k","resume":{"v":null}}`, auth(nil)},
		"auth, resume of v 2":            {`{"type":"auth","apiKey":"k","resume":{"v":2,"got":"all"}}`, auth(nil)},
		"auth, resume of v 1.5":          {`{"type":"auth","apiKey":"k","resume":{"v":1.5}}`, auth(nil)},
		"auth, resume of v -1":           {`{"type":"auth","apiKey":"k","resume":{"v":-1}}`, auth(nil)},
		"auth, resume of v 1e400":        {`{"type":"auth","apiKey":"k","resume":{"v":1e400}}`, auth(nil)},
		"auth, resume of v 1.0":          {`{"type":"auth","apiKey":"k","resume":{"v":1.0}}`, auth(&Resume{})},
		"auth, resume members null":      {`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":null,"got":null}}`, auth(&Resume{})},
		"auth, resume unknown":           {`{"type":"auth","apiKey":"k","resume":{"v":1,"x":[1]}}`, auth(&Resume{})},
		"auth, members are not resume's": {`{"type":"auth","apiKey":"k","v":1,"got":5,"resume":{"v":1}}`, auth(&Resume{})},
		"search, Next":                   {`{"type":"search","partnerId":"P"}`, command(chat.Command{Op: chat.Search, Partner: "P"})},
		"message, numbered": {
			`{"type":"message","partnerId":"P","text":"hi","n":10}`,
			command(chat.Command{Op: chat.Send, Partner: "P", Text: "hi", N: 10}),
		},
		"message, n 0 is none":         {`{"type":"message","text":"hi","n":0}`, send("hi")},
		"message, a number used up":    {`{"type":"message","n":3}`, command(chat.Command{Op: chat.Send, N: 3})},
		"message, used up, empty body": {`{"type":"message","n":3,"text":"","imageUrl":null}`, command(chat.Command{Op: chat.Send, N: 3})},
		"ack":                          {`{"type":"ack","partnerId":"P","got":18}`, command(chat.Command{Op: chat.Ack, Partner: "P", Got: 18})},
		"ack without got":              {`{"type":"ack"}`, ack(0)},
		"sleep":                        {`{"type":"sleep","forMs":600000}`, sleep(10 * time.Minute)},
		"sleep, part of a ms":          {`{"type":"sleep","forMs":1.5}`, sleep(1500 * time.Microsecond)},
		"sleep without forMs":          {`{"type":"sleep"}`, sleep(0)},
		"sleep for ever":               {`{"type":"sleep","forMs":1e400}`, sleep(math.MaxInt64)},
		"sleep, -0":                    {`{"type":"sleep","forMs":-0}`, sleep(0)},

		// The order of the members is arbitrary, and names are matched after unescaping.
		"type comes last":              {`{"text":"hi","n":1,"type":"message"}`, command(chat.Command{Op: chat.Send, Text: "hi", N: 1})},
		"escapes in a name":            {`{"\u0074ype":"ping"}`, Frame{Kind: KindPing}},
		"escapes in the whole name":    {`{"type":"message","\u0069\u006d\u0061\u0067\u0065\u0055\u0072\u006C":"` + png + `"}`, command(chat.Command{Op: chat.Send, Image: png})},
		"escapes in the type":          {`{"type":"\u0070ing"}`, Frame{Kind: KindPing}},
		"a name longer than any":       {`{"type":"ping","\u0074ypetypetype":5}`, Frame{Kind: KindPing}},
		"a name beyond ASCII":          {`{"type":"ping","\u00fftype":1,"t\u0000ype":2}`, Frame{Kind: KindPing}},
		"names are case-sensitive":     {`{"type":"message","text":"hi","Text":5,"TYPE":"ping"}`, send("hi")},
		"names in unknown members":     {`{"type":"message","text":"hi","x":{"type":"ping","text":5}}`, send("hi")},
		"the last of a repeated name":  {`{"type":"ping","type":"message","text":"a","text":"b"}`, send("b")},
		"the last is right":            {`{"type":5,"type":"ping"}`, Frame{Kind: KindPing}},
		"the last is null":             {`{"type":"message","text":"hi","n":4,"n":null}`, send("hi")},
		"null is absent":               {`{"type":"message","text":"hi","imageUrl":null,"n":null,"partnerId":null}`, send("hi")},
		"white space":                  {" \t\r\n{ \"type\" :\n\"ping\" ,\t\"x\" : [ 1 , 2 ] }\r\n ", Frame{Kind: KindPing}},
		"wrong types of other types":   {`{"type":"ping","text":5,"apiKey":[],"resume":1,"n":"x","partnerId":{},"got":-1,"forMs":""}`, Frame{Kind: KindPing}},
		"wrong types of unknown types": {`{"type":"dance","text":5}`, touch},

		// Strings.
		"every escape":               {`{"type":"message","text":"\"\\\/\b\f\n\r\t\u20AC\u00e9"}`, send("\"\\/\b\f\n\r\t€é")},
		"NUL":                        {`{"type":"message","text":"a\u0000b"}`, send("a\x00b")},
		"DEL and line separators":    {"{\"type\":\"message\",\"text\":\"\x7f\u2028\u2029\"}", send("\x7f\u2028\u2029")},
		"a surrogate pair":           {`{"type":"message","text":"\ud83d\uDE00"}`, send("😀")},
		"a lone high surrogate":      {`{"type":"message","text":"\ud83dx"}`, send("\ufffdx")},
		"a lone low surrogate":       {`{"type":"message","text":"\ude00"}`, send("\ufffd")},
		"two high surrogates":        {`{"type":"message","text":"\ud83d\ud83d\ude00"}`, send("\ufffd😀")},
		"high surrogate, then \\n":   {`{"type":"message","text":"\ud83d\n"}`, send("\ufffd\n")},
		"a backslash, then u":        {`{"type":"message","text":"\\ud83d"}`, send(`\ud83d`)},
		"text that is JSON":          {`{"type":"message","text":"{\"a\":1}"}`, send(`{"a":1}`)},
		"strings longer than a word": {`{"type":"message","text":"0123456789abcdef\n0123456é789abcdef"}`, send("0123456789abcdef\n0123456é789abcdef")},
	} {
		t.Run(name, func(t *testing.T) {
			mustDecode(t, &rules, tt.in, tt.want)
		})
	}
}

// mustDecode decodes in, overwrites it as the owner of a pooled buffer would, and compares.
func mustDecode(tb testing.TB, r *Rules, in string, want Frame) {
	tb.Helper()
	got := Frame{Kind: 99, APIKey: "left over", Resume: &Resume{}}
	data := []byte(in)
	if err := r.Decode(data, &got); err != nil {
		tb.Fatalf("Decode(%.200s): %v", in, err)
	}
	for i := range data {
		data[i] = 'X'
	}
	if !reflect.DeepEqual(got, want) {
		tb.Fatalf("Decode(%.200s)\n got %+v\nwant %+v", in, got, want)
	}
	if err := r.Take([]byte(in), &got); err != nil || !reflect.DeepEqual(got, want) {
		tb.Fatalf("Take(%.200s): %v\n got %+v\nwant %+v", in, err, got, want)
	}
}

func TestDecodeNumbers(t *testing.T) {
	const max, beyond = 1 << 32, 1<<32 + 1
	for in, want := range map[string]uint64{
		"0": 0, "-0": 0, "0.0": 0, "-0.0e5": 0, "0e99999999999999999999": 0,
		"1": 1, "1.0": 1, "1e3": 1000, "1E+3": 1000, "1.5e1": 15, "10e-1": 1, "100.0e-2": 1, "0.001e3": 1,
		"1200": 1200, "120.0": 120, "1e9": 1e9, "10203040": 10203040,
		"4294967296": max, "4294967295": max - 1, "4294967296.000": max, "4.294967296e9": max, "42949672960e-1": max,
		"0.0000000000000000000000000000001e31": 1,
		// The lobby closes a client that sends a larger number, however large it is.
		"4294967297": beyond, "9007199254740993": beyond, "1e15": beyond, "1e16": beyond, "1e400": beyond,
		"18446744073709551616": beyond, "18446744073709551617": beyond, "1e99999999999999999999": beyond,
		"123456789012345678901234567890": beyond, "1" + strings.Repeat("0", 4000): beyond,
		"1234567890123456789012345678901.5e1": beyond, "100000000000000000000000000000001": beyond,
	} {
		mustDecode(t, &rules, `{"type":"ack","got":`+in+`}`, ack(want))
	}
	for _, in := range []string{
		"-1", "-1e-400", "0.5", "1.5", "1e-1", "1e-400", "-1e400", "-4294967297", "4294967296.5", "9007199254740992.5",
		"18446744073709551616.5", "1e-99999999999999999999", "1.00000000000000000000000001",
		"123456789012345678901234567890.1", `"1"`, "true", "[1]", "{}", "0." + strings.Repeat("0", 4000) + "1",
	} {
		var f Frame
		if err := rules.Decode([]byte(`{"type":"ack","got":`+in+`}`), &f); !errors.Is(err, ErrField) {
			t.Errorf("got %.50s: %v, want ErrField", in, err)
		}
	}
}
