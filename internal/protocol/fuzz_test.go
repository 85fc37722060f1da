package protocol

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"chatme/internal/chat"
)

var decodeSeeds = []string{
	"", "null", "5", `"a"`, "[]", "{}", `{"type":"ping"}`, `{"type":5}`, `{"type":"auth","apiKey":5}`,
	`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":"cm1_S","epoch":"E","partnerId":"P","got":17,"acked":7}}`,
	`{"type":"auth","apiKey":"k","resume":{"v":1e0,"got":-1}}`, `{"type":"auth","resume":[]}`, `{"type":"auth","resume":{"v":2}}`,
	`{"type":"search","partnerId":"P"}`, `{"type":"ack","partnerId":"P","got":18}`, `{"type":"sleep","forMs":600000}`,
	`{"type":"sleep","forMs":-0.0}`, `{"type":"typing_start"}`, `{"type":"typing_stop"}`, `{"type":"end_chat"}`, `{"type":"dance"}`,
	`{"type":"message","partnerId":"P","text":"hi","n":10}`, `{"type":"message","text":{}}`, `{"type":"message","n":1,"text":5}`,
	`{"type":"message","text":"look","imageUrl":"data:image/png;base64,QUI="}`, `{"type":"message","imageUrl":"` + png + `"}`, `{"type":"message","imageUrl":"https:\/\/example.org"}`,
	strings.Repeat("[", 33) + strings.Repeat("]", 33), `{"type":"ping","x":` + strings.Repeat(`{"x":`, 32) + "1" + strings.Repeat("}", 33),
	`{"type":"ping","type":"dance"}`, `{"text":"a","text":"b","type":"message","text":null}`, `{"Type":"ping","TYPE":"ping"}`,
	`{"\u0074ype":"\u0070ing"}`, `{"type":"message","text":"a\u0000b"}`, "{\"type\":\"message\",\"text\":\"a\x00b\"}",
	`{"type":"message","text":"\ud83d"}`, `{"type":"message","text":"\ude00\ud83d\ude00\ud83d\n"}`, `{"type":"message","text":"\"\\\/\b\f\n\r\t"}`,
	`{"type":"ack","got":1e400}`, `{"type":"ack","got":9007199254740993}`, `{"type":"ack","got":18446744073709551616}`,
	`{"type":"ack","got":10.50e1}`, `{"type":"ack","got":0e999999999999}`, `{"type":"ack","got":01}`, `{"type":"sleep","forMs":1e999}`,
	"\ufeff{\"type\":\"ping\"}", `{"type":"ping"}// comment`, `{"type":"ping"/**/}`, `{"type":"ping",}`, `{"type":"ping","x":[1,]}`,
	"{\"type\":\"message\",\"text\":\"\xff\"}", `{"type":"message","text":"012345678901234567890"}`, `{"type":"ping"} {}`,
}

// FuzzDecode compares Decode with encoding/json: validity, and every value.
func FuzzDecode(f *testing.F) {
	for _, s := range decodeSeeds {
		f.Add([]byte(s))
	}
	r := Rules{MaxText: 16, Images: ImagesAny}
	f.Fuzz(func(t *testing.T, in []byte) {
		data := append([]byte(nil), in...)
		got := Frame{Kind: 99}
		err := r.Decode(data, &got)
		if string(data) != string(in) {
			t.Fatal("the frame has been changed")
		}
		for i := range data {
			data[i] = 'X' // nothing in the frame may alias it
		}
		var taken Frame
		if failed := r.Take(append([]byte(nil), in...), &taken); failed != err || !reflect.DeepEqual(taken, got) {
			t.Fatalf("Take: %v, %+v\nDecode: %v, %+v", failed, taken, err, got)
		}
		held := len(got.APIKey) + len(got.Command.Partner) + len(got.Command.Text) + len(got.Command.Image)
		if got.Resume != nil {
			held += len(got.Resume.SessionID) + len(got.Resume.Epoch) + len(got.Resume.PartnerID)
		}
		if held > len(in) {
			t.Fatalf("%d bytes kept of %d", held, len(in))
		}

		valid := json.Valid(in)
		switch {
		case !utf8.Valid(in):
			if err != ErrInvalidUTF8 {
				t.Fatalf("not UTF-8: %v", err)
			}
			return
		case err == errDepth:
			if valid && depthOf(in) <= MaxDepth {
				t.Fatalf("depth %d: %v", depthOf(in), err)
			}
			return
		case valid && depthOf(in) > MaxDepth:
			t.Fatalf("depth %d: %v", depthOf(in), err)
		}
		o, ok := newOracle(in)
		if !valid || !ok {
			if !errors.Is(err, ErrMalformed) || errors.Is(err, ErrField) || !reflect.ValueOf(got).IsZero() {
				t.Fatalf("not an object: %v, %+v", err, got)
			}
			return
		}
		want, ok := o.decode(&r)
		if o.unsure {
			return
		}
		if ok != (err == nil) || !ok && !errors.Is(err, ErrField) {
			t.Fatalf("error %v, want one: %v", err, !ok)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("\n got %+v\nwant %+v", got, want)
		}
	})
}

// FuzzRoundTrip reads what Append wrote with encoding/json.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint8(chat.Message), "P", "hi", png, uint64(18), int64(1764000000000), uint64(0))
	f.Add(uint8(chat.Message), "P", "\"\\/\b\f\n\r\t\x00\u2028\u2029\xff😀</script>", "https://example.org/é", uint64(0), int64(0), uint64(0))
	f.Add(uint8(chat.Resumed), "", "searching", "", uint64(1)<<63, int64(-1), uint64(1))
	for kind := chat.AuthSuccess; kind < chat.Ping; kind++ {
		f.Add(uint8(kind), "a", "matched", "c", uint64(4), int64(5), uint64(6))
	}
	f.Fuzz(func(t *testing.T, kind uint8, a, text, image string, n uint64, at int64, k uint64) {
		if kind == 0 || chat.Kind(kind) >= chat.Ping {
			return
		}
		cleaned := []byte(image)
		if !rules.allows(cleaned) {
			cleaned = nil // Decode accepts no others
		}
		image = string(cleaned)
		e := chat.Event{
			Kind: chat.Kind(kind), Alias: chat.Alias(a), Text: text, Image: image, N: n, At: chat.Time(at),
			Recv: n, Delivered: k, Expect: k, Code: chat.ErrorCode(text),
			Resumed: &chat.Resumption{
				State: chat.ResumedState(text), Alias: chat.Alias(a), Here: n > k, Recv: n, Delivered: k, Last: n ^ k,
				Replay: int(int32(at)), Gap: n < k, AwayMs: at,
			},
		}
		h := Hello{SessionID: a, Epoch: text, WindowMs: at, PingMs: int64(n), MaxBytes: int64(k)}
		out := Append(nil, &e, &h)
		if !utf8.Valid(out) || strings.ContainsAny(string(out), "\u2028\u2029\n") {
			t.Fatalf("cannot be written on one line: %q", out)
		}
		got := mustRead(t, out)
		want := readBack(&e, &h)
		want.Type, want.Message = got.Type, got.Message
		if got.Type == "" || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n got %+v\nwant %+v", out, got, want)
		}
		if image != "" && e.Kind == chat.Message {
			if split := string(AppendHead(nil, &e)) + image + Tail; split != string(out) {
				t.Fatalf("AppendHead: %s, Append: %s", split, out)
			}
		}
	})
}

// readBack returns what a client decodes from e, except its type and the text of an error.
func readBack(e *chat.Event, h *Hello) ServerMessage {
	u := func(s string) string { return string([]rune(s)) } // invalid UTF-8 becomes U+FFFD, byte by byte
	code, alias, text := u(string(e.Code)), u(string(e.Alias)), u(e.Text)
	m := ServerMessage{}
	switch r := e.Resumed; e.Kind {
	case chat.SessionID:
		m = ServerMessage{SessionID: u(h.SessionID), Epoch: u(h.Epoch), WindowMs: h.WindowMs, PingMs: h.PingMs, MaxBytes: h.MaxBytes}
	case chat.Resumed:
		m = ServerMessage{
			Epoch: u(h.Epoch), State: u(string(r.State)), PartnerID: alias, Recv: r.Recv, Delivered: r.Delivered, Last: r.Last,
			Replay: r.Replay, Gap: r.Gap, AwayMs: r.AwayMs, WindowMs: h.WindowMs, PingMs: h.PingMs, MaxBytes: h.MaxBytes,
		}
		switch {
		case r.State != chat.ResumedMatched:
		case r.Here:
			m.Partner = "here"
		default:
			m.Partner = "away"
		}
	case chat.ResumeFailed:
		m = ServerMessage{Code: code}
	case chat.Matched:
		m = ServerMessage{PartnerID: alias}
	case chat.Message:
		m = ServerMessage{Text: text, From: alias, ImageURL: e.Image, N: e.N, TS: int64(e.At)}
	case chat.PartnerAway:
		m = ServerMessage{UntilMs: int64(e.At)}
	case chat.Acked:
		m = ServerMessage{Recv: e.Recv, Delivered: e.Delivered}
	case chat.Gap:
		m = ServerMessage{N: e.N}
	case chat.Error:
		m = ServerMessage{Code: code, N: e.N, Expect: e.Expect}
	}
	return m
}
