package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

const (
	secret = "cm1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	other  = "cm1_BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

	// fixedKey is the public key of secret, computed by another program from RFC 5869, RFC 7748 and RFC 9180.
	fixedKey = "f378d91232614efe347e7b99226ae6ccc799dca01939bdd539c4781e446c9120"
)

func binding() Binding {
	return Binding{
		Epoch: "0123456789abcdef0123456789abcdef", Pair: 3<<32 | 7, Recipient: 2<<32 | 5,
		Sender: "00000001-0000-4000-8000-000000000002", N: 9,
	}
}

func mustSeal(tb testing.TB, b Binding, body Body) []byte {
	tb.Helper()
	sealed, err := Seal(PublicKey(secret), b, body)
	if err != nil {
		tb.Fatal(err)
	}
	return sealed
}

// wantClosed fails if sealed opens.
func wantClosed(tb testing.TB, o *Opener, b Binding, sealed []byte) {
	tb.Helper()
	if body, err := o.Open(b, sealed); err != ErrOpen || body != (Body{}) {
		tb.Errorf("%+v, %v; want %v", body, err, ErrOpen)
	}
}

func TestRoundTrip(t *testing.T) {
	o := NewOpener(secret)
	for name, body := range map[string]Body{
		"text":         {Time: 1_790_000_000_000, Text: "hello"},
		"image":        {Time: 1, Image: "data:image/png;base64,QUI="},
		"both":         {Time: 1_790_000_000_000, Text: "ünï\x00", Image: "https://example.org/"},
		"empty":        {},
		"before 1970":  {Time: -5, Text: "x"},
		"zeros behind": {Text: "x\x00\x00\x00"},
		"large":        {Text: strings.Repeat("t", 64<<10), Image: strings.Repeat("i", 1<<20)},
	} {
		sealed := mustSeal(t, binding(), body)
		got, err := o.Open(binding(), sealed)
		if err != nil || got != body {
			t.Errorf("%s: %.60q…, %v", name, got.Text, err)
		}
		if again := mustSeal(t, binding(), body); bytes.Equal(again, sealed) {
			t.Errorf("%s: sealing twice gives the same result", name)
		}
		if body.Text != "" && len(body.Text) > 3 && bytes.Contains(sealed, []byte(body.Text)) {
			t.Errorf("%s: the text is readable", name)
		}
	}
}

// TestKeys: a session ID has exactly one key pair, which cannot be derived from its lookup hash.
func TestKeys(t *testing.T) {
	key := PublicKey(secret)
	if key == [KeySize]byte{} || key != PublicKey(secret) {
		t.Errorf("%x", key)
	}
	// If the derivation ever changed, bodies on disk could no longer be opened.
	if got := hex.EncodeToString(key[:]); got != fixedKey {
		t.Errorf("%s, want %s", got, fixedKey)
	}
	hash := sha256.Sum256([]byte(secret))
	for name, id := range map[string]string{"another": other, "none": "", "longer": secret + "x", "the hash": string(hash[:])} {
		if PublicKey(id) == key {
			t.Errorf("%s has the same key", name)
		}
	}
	if derived, err := kem().DeriveKeyPair(hash[:]); err != nil || bytes.Equal(derived.PublicKey().Bytes(), key[:]) {
		t.Errorf("the key is derived from the lookup hash, %v", err)
	}
}

func TestSealRefuses(t *testing.T) {
	if _, err := Seal([KeySize]byte{}, binding(), Body{Text: "x"}); !errors.Is(err, errNoKey) {
		t.Error(err)
	}
	if _, err := Seal([KeySize]byte{1}, binding(), Body{Text: "x"}); err == nil { // a point of low order
		t.Error("sealed to a key of low order")
	}
}

// TestEightEdits: a body that was edited in any way does not open.
func TestEightEdits(t *testing.T) {
	o := NewOpener(secret)
	first, second := binding(), binding()
	second.N++
	a, b := mustSeal(t, first, Body{Time: 1, Text: "first"}), mustSeal(t, second, Body{Time: 2, Text: "second"})
	edit := func(f func(*Binding)) Binding { b := binding(); f(&b); return b }
	bit := func(at int) []byte { c := bytes.Clone(a); c[at] ^= 1; return c }
	third := mustSeal(t, edit(func(b *Binding) { b.N += 2 }), Body{Time: 3, Text: "third"})

	for name, tt := range map[string][]struct {
		b      Binding
		sealed []byte
	}{
		"two bodies swapped":     {{first, b}, {second, a}},
		"replay under another n": {{edit(func(b *Binding) { b.N = 17 }), a}},
		"reordered":              {{first, third}, {second, a}, {edit(func(b *Binding) { b.N += 2 }), b}},
		"cut short":              {{first, a[:len(a)-1]}, {first, a[:len(a)-16]}, {first, a[1:]}, {first, a[:Overhead]}, {first, nil}},
		"a bit flipped":          {{first, bit(0)}, {first, bit(31)}, {first, bit(32)}, {first, bit(100)}, {first, bit(len(a) - 1)}},
		"another recipient":      {{edit(func(b *Binding) { b.Recipient++ }), a}},
		"another chat":           {{edit(func(b *Binding) { b.Pair++ }), a}},
		"another sender":         {{edit(func(b *Binding) { b.Sender = "00000001-0000-4000-8000-000000000003" }), a}},
		"another epoch":          {{edit(func(b *Binding) { b.Epoch = "1123456789abcdef0123456789abcdef" }), a}},
		"made longer":            {{first, append(bytes.Clone(a), 0)}, {first, append(bytes.Clone(a), make([]byte, 16)...)}},
	} {
		for _, each := range tt {
			t.Run(name, func(t *testing.T) { wantClosed(t, o, each.b, each.sealed) })
		}
	}
	// Only the recipient can open it.
	wantClosed(t, NewOpener(other), first, a)
	if got, err := o.Open(first, a); err != nil || got.Text != "first" {
		t.Errorf("unchanged: %+v, %v", got, err)
	}
}

// TestBindingIsUnambiguous: no two bindings have the same encoding, although the fields are concatenated.
func TestBindingIsUnambiguous(t *testing.T) {
	seen := map[string]Binding{}
	for _, b := range []Binding{
		{}, {Epoch: "ab", Sender: "c"}, {Epoch: "a", Sender: "bc"}, {Epoch: "abc"}, {Sender: "abc"},
		{Pair: 1}, {Recipient: 1}, {N: 1}, {Epoch: "\x00"}, {Sender: "\x00"},
		{Epoch: "\x00\x00\x00\x00\x00\x00\x00\x01"}, {Pair: 1, Recipient: 2, N: 3}, {Pair: 2, Recipient: 1, N: 3},
	} {
		if twin, ok := seen[string(b.encode())]; ok {
			t.Errorf("%+v and %+v have the same encoding", b, twin)
		}
		seen[string(b.encode())] = b
	}
}

// TestGarbage: data that does not have the length of a sealed body costs nothing; data that has it costs no more than that
// length, whatever it contains.
func TestGarbage(t *testing.T) {
	o := NewOpener(secret)
	b := binding()
	for _, n := range []int{0, 1, Overhead, Overhead + minPadded - 1, Overhead + minPadded + 1, 1<<20 + 1} {
		garbage := make([]byte, n)
		rand.Read(garbage)
		wantClosed(t, o, b, garbage)
		if allocs := testing.AllocsPerRun(10, func() { o.Open(b, garbage) }); allocs != 0 {
			t.Errorf("%d bytes: %v allocations", n, allocs)
		}
	}
	for _, fill := range []byte{0, 1, 0xff} { // the first two are points of low order
		garbage := bytes.Repeat([]byte{fill}, Overhead+minPadded)
		wantClosed(t, o, b, garbage)
	}
	// A body that opens but has false lengths: anyone with the public key can make one.
	for name, plain := range map[string][]byte{
		"no header":      make([]byte, 23),
		"long text":      lying(1<<63, 0),
		"long image":     lying(1, 1<<64-1),
		"both together":  lying(minPadded-headerSize, 1),
		"their sum is 0": lying(1<<63, 1<<63),
	} {
		if body, ok := decode(plain); ok {
			t.Errorf("%s: %+v", name, body)
		}
	}
}
