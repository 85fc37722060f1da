package protocol

import (
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/testcard"
)

// rules are the defaults.
var rules = Rules{MaxText: DefaultMaxText, Images: ImagesAny}

// imageOf returns a data URI of about size bytes.
func imageOf(size int) string {
	return testcard.URI(strings.Repeat("abcZ", size/4))
}

func benchmarkDecode(b *testing.B, frame string) {
	data := []byte(frame)
	var f Frame
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := rules.Decode(data, &f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMessage(b *testing.B) {
	frame := `{"type":"message","text":"` + strings.Repeat("hello ", 12) + `"}`
	benchmarkDecode(b, frame)
}

func BenchmarkDecodeNumberedMessage(b *testing.B) {
	benchmarkDecode(b, `{"type":"message","partnerId":"0b2f6f2e-7a39-4f5e-9d1c-3f1f1d0a9c11","text":"hello there","n":10}`)
}

func BenchmarkDecodePing(b *testing.B) { benchmarkDecode(b, `{"type":"ping"}`) }

func BenchmarkDecodeImage4MB(b *testing.B) {
	benchmarkDecode(b, `{"type":"message","imageUrl":"`+imageOf(4<<20)+`"}`)
}

func BenchmarkAllows4MB(b *testing.B) {
	url := []byte(imageOf(4 << 20))
	b.SetBytes(int64(len(url)))
	for b.Loop() {
		if !rules.allows(url) {
			b.Fatal("refused")
		}
	}
}

func benchmarkAppend(b *testing.B, e *chat.Event) {
	dst := make([]byte, 0, 8<<20)
	b.ReportAllocs()
	for b.Loop() {
		dst = Append(dst[:0], e, nil)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkAppendMessage(b *testing.B) {
	benchmarkAppend(b, &chat.Event{
		Kind: chat.Message, Alias: "0b2f6f2e-7a39-4f5e-9d1c-3f1f1d0a9c11", Text: strings.Repeat("hello ", 12), N: 10, At: 1764000000000,
	})
}

func BenchmarkAppendImage4MB(b *testing.B) {
	benchmarkAppend(b, &chat.Event{Kind: chat.Message, Alias: "0b2f6f2e-7a39-4f5e-9d1c-3f1f1d0a9c11", Image: imageOf(4 << 20)})
}
