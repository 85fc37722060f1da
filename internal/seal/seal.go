package seal

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// KeySize is the length of a public key in bytes.
const KeySize = 32

// Overhead is what a sealed body is longer than a padded one, in bytes: the encapsulated key and the tag.
const Overhead = 32 + 16

// The labels keep these keys apart from all others, also from those of a later format.
const (
	keyLabel  = "chatme mailbox key v1"
	bodyLabel = "chatme mailbox body v1"
)

// ErrOpen says that a body does not open: it was changed, or sealed with another Binding or for somebody else.
var ErrOpen = errors.New("the body does not open")

var errNoKey = errors.New("seal: the recipient has no public key")

// Binding is what a sealed body belongs to. It opens with the very same and no other.
type Binding struct {
	Epoch     string // which life of the database
	Pair      uint64 // the chat
	Recipient uint64 // the session
	Sender    string // what the recipient knows the sender by
	N         uint64 // the number of the message in the chat
}

// encode returns the binding unambiguously: a string stands behind its length.
func (b *Binding) encode() []byte {
	out := make([]byte, 0, 5*8+len(b.Epoch)+len(b.Sender))
	out = binary.BigEndian.AppendUint64(out, uint64(len(b.Epoch)))
	out = append(out, b.Epoch...)
	out = binary.BigEndian.AppendUint64(out, b.Pair)
	out = binary.BigEndian.AppendUint64(out, b.Recipient)
	out = binary.BigEndian.AppendUint64(out, uint64(len(b.Sender)))
	out = append(out, b.Sender...)
	return binary.BigEndian.AppendUint64(out, b.N)
}

func kem() hpke.KEM   { return hpke.DHKEM(ecdh.X25519()) }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.ChaCha20Poly1305() }

// derive returns the key pair of a session ID.
func derive(sessionID string) hpke.PrivateKey {
	seed, err := hkdf.Key(sha256.New, []byte(sessionID), nil, keyLabel, sha256.Size)
	if err != nil {
		panic(err) // only for a longer key than HKDF can give
	}
	key, err := kem().DeriveKeyPair(seed)
	if err != nil {
		panic(err) // every seed gives an X25519 key
	}
	return key
}

// PublicKey returns the public key of a session ID, the same each time. It is never zero.
func PublicKey(sessionID string) [KeySize]byte {
	return [KeySize]byte(derive(sessionID).PublicKey().Bytes())
}

// Seal closes body for whoever has the session ID behind public. A public key of zeros, which no session ID has, is
// an error. The result is different each time.
func Seal(public [KeySize]byte, b Binding, body Body) ([]byte, error) {
	if public == [KeySize]byte{} {
		return nil, errNoKey
	}
	key, err := kem().NewPublicKey(public[:])
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	sealed, sender, err := hpke.NewSender(key, kdf(), aead(), []byte(bodyLabel))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	ciphertext, err := sender.Seal(b.encode(), body.encode())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append(sealed, ciphertext...), nil
}

// Opener opens what was sealed for one session.
type Opener struct {
	key hpke.PrivateKey
}

// NewOpener returns the opener of a session ID.
func NewOpener(sessionID string) *Opener { return &Opener{key: derive(sessionID)} }

// Open returns the body that was sealed with b for this session. Any other error than ErrOpen there is none, and it
// says no more: whoever changed something learns nothing from it. What cannot be a sealed body by its length is
// refused before anything is computed or allocated.
func (o *Opener) Open(b Binding, sealed []byte) (Body, error) {
	if n := len(sealed) - Overhead; n < minPadded || padded(n) != n {
		return Body{}, ErrOpen
	}
	recipient, err := hpke.NewRecipient(sealed[:32], o.key, kdf(), aead(), []byte(bodyLabel))
	if err != nil {
		return Body{}, ErrOpen
	}
	plain, err := recipient.Open(b.encode(), sealed[32:])
	if err != nil {
		return Body{}, ErrOpen
	}
	body, ok := decode(plain)
	if !ok {
		return Body{}, ErrOpen
	}
	return body, nil
}
