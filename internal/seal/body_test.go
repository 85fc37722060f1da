package seal

import (
	"encoding/binary"
	"strings"
	"testing"
)

// lying returns a padded body of the shortest length that claims these lengths of its text and image.
func lying(text, image uint64) []byte {
	b := make([]byte, minPadded)
	binary.BigEndian.PutUint64(b[8:], text)
	binary.BigEndian.PutUint64(b[16:], image)
	return b
}

// TestPaddingSteps: padding is idempotent, no length is below the minimum, no body shrinks, and none grows by more than
// 12 % above the minimum.
func TestPaddingSteps(t *testing.T) {
	steps, last := 0, 0
	for n := 0; n <= 1<<20; n++ {
		p := padded(n)
		if p < n || p < minPadded || padded(p) != p || p < last {
			t.Fatalf("%d bytes become %d, %d before", n, p, last)
		}
		if n > minPadded && float64(p-n) > 0.12*float64(n) {
			t.Fatalf("%d bytes become %d", n, p)
		}
		if p != last {
			steps++
		}
		last = p
	}
	if steps > 260 { // of a million lengths
		t.Errorf("%d steps", steps)
	}
	// Values worked out by hand from the paper's figure.
	for n, want := range map[int]int{
		0: 256, 256: 256, 257: 272, 272: 272, 273: 288, 512: 512, 513: 544, 1000: 1024, 1025: 1088, 9 << 20: 9 << 20,
		9<<20 + 1: 9<<20 + 1<<18,
	} {
		if got := padded(n); got != want {
			t.Errorf("%d bytes become %d, want %d", n, got, want)
		}
	}
}

// TestLengthsSayLittle: a sealed "ok" and a sealed sentence have the same length.
func TestLengthsSayLittle(t *testing.T) {
	lengths := map[int]bool{}
	for n := range 232 {
		lengths[len(mustSeal(t, binding(), Body{Time: int64(n), Text: strings.Repeat("x", n)}))] = true
	}
	if len(lengths) != 1 || !lengths[minPadded+Overhead] {
		t.Errorf("%v", lengths)
	}
	for _, n := range []int{300, 5000, 70_000} {
		a := mustSeal(t, binding(), Body{Text: strings.Repeat("x", n)})
		b := mustSeal(t, binding(), Body{Image: strings.Repeat("x", n+1)})
		if len(a) != len(b) {
			t.Errorf("%d bytes: %d, one more: %d", n, len(a), len(b))
		}
	}
}

// FuzzOpen: opening arbitrary bytes terminates, and yields only what was sealed. The first byte of the input selects how
// the rest is used: as the sealed body, as the padded one, or as a text.
func FuzzOpen(f *testing.F) {
	o, key := NewOpener(secret), PublicKey(secret)
	f.Add([]byte{}, uint64(0))
	f.Add(append([]byte{0}, mustSeal(f, binding(), Body{Time: 1, Text: "hello"})...), uint64(9))
	f.Add(append([]byte{0}, mustSeal(f, binding(), Body{Time: 1, Text: "hello"})...), uint64(10))
	f.Add(append([]byte{0}, make([]byte, minPadded+Overhead)...), uint64(9))
	f.Add(append([]byte{1}, lying(5, 5)...), uint64(9))
	f.Add(append([]byte{1}, lying(1<<63, 1<<63)...), uint64(9))
	f.Add([]byte("\x02hello"), uint64(9))
	f.Fuzz(func(t *testing.T, in []byte, n uint64) {
		if len(in) == 0 {
			return
		}
		b := binding()
		b.N = n
		switch rest := in[1:]; in[0] {
		default:
			if body, err := o.Open(b, rest); err != nil && (err != ErrOpen || body != (Body{})) {
				t.Errorf("%+v, %v", body, err)
			}
		case 1:
			body, ok := decode(rest)
			if ok && headerSize+len(body.Text)+len(body.Image) > len(rest) {
				t.Errorf("%+v out of %d bytes", body, len(rest))
			}
		case 2:
			want := Body{Time: int64(n), Text: string(rest)}
			sealed, err := Seal(key, b, want)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := o.Open(b, sealed); err != nil || got != want {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
			b.Pair++
			wantClosed(t, o, b, sealed)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for name, body := range benchBodies() {
		b.Run(name, func(b *testing.B) {
			key := PublicKey(secret)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Seal(key, binding(), body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for name, body := range benchBodies() {
		b.Run(name, func(b *testing.B) {
			o, sealed := NewOpener(secret), mustSeal(b, binding(), body)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := o.Open(binding(), sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPublicKey measures the added cost of a new session.
func BenchmarkPublicKey(b *testing.B) {
	for b.Loop() {
		PublicKey(secret)
	}
}

func benchBodies() map[string]Body {
	return map[string]Body{
		"100B": {Time: 1, Text: strings.Repeat("t", 100)},
		"1MiB": {Time: 1, Image: strings.Repeat("i", 1<<20)},
	}
}
