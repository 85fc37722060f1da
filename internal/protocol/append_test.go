package protocol

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/chat"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const alias = "0b2f6f2e-7a39-4f5e-9d1c-3f1f1d0a9c11"

var hello = Hello{SessionID: "cm1_S", Epoch: "E", WindowMs: 120000, PingMs: 25000, MaxBytes: MaxFrame}

// serverMessages is every message of the server, in the order of the golden file.
var serverMessages = []struct {
	name  string
	event chat.Event
}{
	{"auth_success", chat.Event{Kind: chat.AuthSuccess}},
	{"session_id", chat.Event{Kind: chat.SessionID}},
	{"resumed, partner here", chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{
		State: chat.ResumedMatched, Alias: alias, Here: true, Recv: 8, Delivered: 8, Last: 9, Replay: 2, AwayMs: 8123,
	}}},
	{"resumed, partner away", chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{State: chat.ResumedMatched, Alias: alias}}},
	{"resumed, ended", chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{State: chat.ResumedEnded, Alias: alias, Here: true, Gap: true}}},
	{"resumed, searching", chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{State: chat.ResumedSearching}}},
	{"resumed, idle", chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{State: chat.ResumedIdle}}},
	{"resume_failed, expired", chat.Event{Kind: chat.ResumeFailed, Code: chat.ResumeExpired}},
	{"resume_failed, unknown", chat.Event{Kind: chat.ResumeFailed, Code: chat.ResumeUnknown}},
	{"resume_failed, ended", chat.Event{Kind: chat.ResumeFailed, Code: chat.ResumeEnded}},
	{"searching", chat.Event{Kind: chat.Searching}},
	{"matched", chat.Event{Kind: chat.Matched, Alias: alias}},
	{"message to a legacy client", chat.Event{Kind: chat.Message, Alias: alias, Text: "hi"}},
	{"message, image, to a legacy client", chat.Event{Kind: chat.Message, Alias: alias, Image: png}},
	{"message", chat.Event{Kind: chat.Message, Alias: alias, Text: "hi", N: 18, At: 1764000000000}},
	{"message, image", chat.Event{Kind: chat.Message, Alias: alias, Image: png, N: 18, At: 1764000000000}},
	{"message, text and image", chat.Event{Kind: chat.Message, Alias: alias, Text: "hi", Image: png, N: 18, At: 1764000000000}},
	{"message, every escape", chat.Event{Kind: chat.Message, Alias: alias, Text: "\"\\/\b\f\n\r\t\x00\x1f\x7f</script>é€😀\u2028\u2029"}},
	{"typing_start", chat.Event{Kind: chat.TypingStart}},
	{"typing_stop", chat.Event{Kind: chat.TypingStop}},
	{"partner_away", chat.Event{Kind: chat.PartnerAway, At: 1764000120000}},
	{"partner_back", chat.Event{Kind: chat.PartnerBack}},
	{"partner_disconnected", chat.Event{Kind: chat.PartnerDisconnected}},
	{"chat_ended", chat.Event{Kind: chat.ChatEnded}},
	{"ack", chat.Event{Kind: chat.Acked, Recv: 10, Delivered: 9}},
	{"ack of nothing", chat.Event{Kind: chat.Acked}},
	{"gap", chat.Event{Kind: chat.Gap, N: 9}},
	{"error gap", chat.Event{Kind: chat.Error, Code: chat.ErrGap, N: 12, Expect: 10}},
	{"error bad_image", chat.Event{Kind: chat.Error, Code: chat.ErrBadImage, N: 10}},
	{"error bad_message", chat.Event{Kind: chat.Error, Code: chat.ErrBadMessage}},
	{"error too_large", chat.Event{Kind: chat.Error, Code: chat.ErrTooLarge, N: MaxNumber}},
	{"error not_matched", chat.Event{Kind: chat.Error, Code: chat.ErrNotMatched, N: 10}},
	{"error mailbox_full", chat.Event{Kind: chat.Error, Code: "mailbox_full", N: 10}},
	{"error rate_limited", chat.Event{Kind: chat.Error, Code: "rate_limited", N: 10}},
	{"error unavailable", chat.Event{Kind: chat.Error, Code: chat.ErrUnavailable, N: 10}},
	{"error of a code unknown here", chat.Event{Kind: chat.Error, Code: "teapot"}},
}

func TestServerMessagesGolden(t *testing.T) {
	var out bytes.Buffer
	for _, m := range serverMessages {
		fmt.Fprintf(&out, "# %s\n%s\n", m.name, Append(nil, &m.event, &hello))
	}
	fmt.Fprintf(&out, "# auth_error, not authenticated\n%s\n", AuthError(nil, ReasonNotAuthenticated))
	fmt.Fprintf(&out, "# auth_error, wrong key\n%s\n", AuthError(nil, ReasonInvalidKey))
	fmt.Fprintf(&out, "# pong\n%s\n", Pong)

	path := filepath.Join("testdata", "server_messages.golden")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the messages differ from %s; read the difference, then run with -update\n%s", path, out.Bytes())
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			mustRead(t, []byte(line))
		}
	}
}

// mustRead decodes data as a client does. The client must know every member.
func mustRead(tb testing.TB, data []byte) ServerMessage {
	tb.Helper()
	var m ServerMessage
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		tb.Fatalf("%s: %v", data, err)
	}
	return m
}

// The order of the members and the numbers are as in the protocol.
func TestResumedAsDocumented(t *testing.T) {
	e := chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{
		State: chat.ResumedMatched, Alias: "P", Here: true, Recv: 8, Delivered: 8, Last: 9, Replay: 2, AwayMs: 8123,
	}}
	const want = `{"type":"resumed","epoch":"E","state":"matched","partnerId":"P","partner":"here",` +
		`"recv":8,"delivered":8,"last":9,"replay":2,"gap":false,"awayMs":8123,"windowMs":120000,"pingMs":25000,"maxBytes":16842752}`
	if got := string(Append(nil, &e, &hello)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// "A client that does not ask never sees a new message or field."
func TestOldClientsSeeNoNewMember(t *testing.T) {
	base := map[string]string{
		"auth_success": "", "auth_error": "error", "searching": "", "matched": "partnerId", "message": "text imageUrl from",
		"typing_start": "", "typing_stop": "", "partner_disconnected": "", "chat_ended": "", "pong": "",
	}
	for _, m := range serverMessages {
		if m.event.N != 0 {
			continue // for resumable clients only
		}
		var members map[string]any
		if err := json.Unmarshal(Append(nil, &m.event, &hello), &members); err != nil {
			t.Fatal(err)
		}
		known, ok := base[members["type"].(string)]
		for name := range members {
			if ok && name != "type" && !strings.Contains(" "+known+" ", " "+name+" ") {
				t.Errorf("%s has %s", m.name, name)
			}
		}
	}
}

// "Client JSON is decoded into typed values and encoded anew; raw client bytes never reach a partner."
func TestRawClientBytesNeverReachAPartner(t *testing.T) {
	const in = "{ \"x\":{\"y\":1},\"text\":\"\\u0068\\u0069\\u2028\u2029\\ud83d\",\"from\":\"me\",\"ts\":1,\"type\":\"message\",\"__proto__\":{},\"text2\":0 }\n"
	var f Frame
	if err := rules.Decode([]byte(in), &f); err != nil {
		t.Fatal(err)
	}
	e := chat.Event{Kind: chat.Message, Alias: "P", Text: f.Command.Text, Image: f.Command.Image}
	const want = `{"type":"message","text":"hi\u2028\u2029` + "\ufffd" + `","from":"P"}`
	if got := string(Append(nil, &e, nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAppendHead(t *testing.T) {
	for _, m := range serverMessages {
		if m.event.Image == "" {
			continue
		}
		want := Append([]byte("before"), &m.event, nil)
		got := AppendHead([]byte("before"), &m.event)
		got = append(append(got, m.event.Image...), Tail...)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %s, want %s", m.name, got, want)
		}
	}
}

// Invalid UTF-8 cannot come from Decode; if it ever does, the output is still JSON.
func TestInvalidUTF8IsWrittenAsAReplacement(t *testing.T) {
	e := chat.Event{Kind: chat.Message, Alias: "P\xff", Text: "a\xffb\xe2\x80c\xed\xa0\x80"}
	const want = `{"type":"message","text":"a\ufffdb\ufffd\ufffdc\ufffd\ufffd\ufffd","from":"P\ufffd"}`
	if got := string(Append(nil, &e, nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 4096)
	for _, m := range serverMessages {
		if got := testing.AllocsPerRun(10, func() { dst = Append(dst[:0], &m.event, &hello) }); got != 0 {
			t.Errorf("%s: %v allocations", m.name, got)
		}
	}
}

func TestAppendPanicsForControlFrames(t *testing.T) {
	for _, kind := range []chat.Kind{0, chat.Ping, chat.Close, chat.Close + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("kind %d gives a message", kind)
				}
			}()
			Append(nil, &chat.Event{Kind: kind}, &hello)
		}()
	}
}
