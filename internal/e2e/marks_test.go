package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"

	"chatme/internal/testbed"
	"chatme/internal/testcard"
)

// marks are unique words, keyed by what they were sent as.
type marks map[string]string

// add creates a new mark.
func (m marks) add(what string) string {
	m[what] = "canary" + rand.Text()
	return m[what]
}

// image returns an image that contains a new mark size times, and adds the mark in each form in which it could be
// stored.
func (m marks) image(what string, size int) (uri string) {
	picture := strings.Repeat(m.add(what), size)
	picture += "   "[:(3-len(picture)%3)%3] // so that its base64 has no padding
	encoded := base64.StdEncoding.EncodeToString([]byte(picture))
	m["encoded "+what] = encoded[:min(len(encoded), 40)]
	return testcard.URI(encoded)
}

// hashes adds plain hashes of a mark, of which an address is recovered by trying them all, as far as a tag may show them.
func (m marks) hashes(what string) {
	for form, text := range map[string]string{"text": m[what], "binary": string(netip.MustParseAddr(m[what]).AsSlice())} {
		sum := sha256.Sum256([]byte(text))
		m["SHA-256 of the "+what+" as "+form] = "n_" + hex.EncodeToString(sum[:3])
	}
}

// session adds the ID of p's session in each form in which it could be stored.
func (m marks) session(whose string, p *testbed.Person) {
	p.TB.Helper()
	id := p.State().SessionID
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(id, "cm1_"))
	if err != nil || len(secret) != 32 {
		p.TB.Fatalf("%s: a secret of %d bytes, %v", p.Name, len(secret), err)
	}
	m[whose+" session ID"] = strings.TrimPrefix(id, "cm1_")
	m[whose+" session ID in binary"] = string(secret)
	m[whose+" session ID in hex"] = hex.EncodeToString(secret)
}
