package hub

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"chatme/internal/chat"
)

// sessionIDPrefix marks a session ID of version 1, so that a scanner for leaked secrets can find it.
const sessionIDPrefix = "cm1_"

// NewSessionID returns a fresh session ID, 256 random bits in base64url, and the hash it is known by. The ID is
// a bearer secret: it is told to its client and kept nowhere.
func NewSessionID() (string, chat.Hash) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: crypto/rand ends the process instead
	id := sessionIDPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return id, HashOf(id)
}

// HashOf returns the hash that a session ID is found by. Any string has one; only a session ID leads to a row.
func HashOf(sessionID string) chat.Hash { return sha256.Sum256([]byte(sessionID)) }

// RandomHash returns the hash of a session that has no ID: that of an old client.
func RandomHash() chat.Hash {
	var h chat.Hash
	rand.Read(h[:])
	return h
}
