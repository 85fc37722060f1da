// Package secret creates session IDs and derives hashes and keys from them. A session ID is a bearer secret: a client that
// presents it gets the session. It is sent to its client and stored nowhere; the hash finds the session, and mail for it is
// sealed to the mail key.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"chatme/internal/chat"
	"chatme/internal/seal"
)

// prefix marks a session ID of version 1, so that a scanner for leaked secrets can find it.
const prefix = "cm1_"

// NewID returns a new session ID, 256 random bits in base64url, and its hash.
func NewID() (string, chat.Hash) {
	var bits [32]byte
	rand.Read(bits[:]) // never fails: crypto/rand ends the process instead
	id := prefix + base64.RawURLEncoding.EncodeToString(bits[:])
	return id, HashOf(id)
}

// HashOf returns the hash by which the session with this ID is found. Any string has one; only a session ID has a row.
func HashOf(id string) chat.Hash { return sha256.Sum256([]byte(id)) }

// MailKey returns the public key that mail for the session with this ID is sealed to.
func MailKey(id string) chat.MailKey { return seal.PublicKey(id) }

// RandomHash returns the hash of a session without an ID: that of a legacy client.
func RandomHash() chat.Hash {
	var h chat.Hash
	rand.Read(h[:])
	return h
}
