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

// Overhead is by how many bytes a sealed body is longer than the padded body: the encapsulated key and the tag.
const Overhead = 32 + 16

// The labels keep these keys distinct from all others, including those of a later format.
const (
	keyLabel  = "chatme mailbox key v1"
	bodyLabel = "chatme mailbox body v1"
)

// ErrOpen means that a body cannot be opened: it was changed, or sealed with another Binding or for another recipient.
var ErrOpen = errors.New("cannot open the sealed body")

var errNoKey = errors.New("seal: the recipient has no public key")

// Binding is the context that a sealed body belongs to. The body opens only with the same Binding.
type Binding struct {
	Epoch     string // of the database
	Pair      uint64 // the chat
	Recipient uint64 // the session
	Sender    string // the sender's alias
	N         uint64 // the number of the message in the chat
}

// encode returns an unambiguous encoding of the binding: each string follows its length.
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
		panic(err) // only for a key longer than HKDF can produce
	}
	key, err := kem().DeriveKeyPair(seed)
	if err != nil {
		panic(err) // every seed yields an X25519 key
	}
	return key
}

// PublicKey returns the public key of a session ID, the same each time. It is never zero.
func PublicKey(sessionID string) [KeySize]byte {
	return [KeySize]byte(derive(sessionID).PublicKey().Bytes())
}

// Seal encrypts body for the session whose public key is public. It returns an error for a public key of zeros, which no
// session ID has. The result is different each time.
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

// Opener opens bodies sealed for one session.
type Opener struct {
	key hpke.PrivateKey
}

// NewOpener returns the opener of a session ID.
func NewOpener(sessionID string) *Opener { return &Opener{key: derive(sessionID)} }

// Open returns the body that was sealed with b for this session. Its only error is ErrOpen, which gives no details, so
// that an attacker who changed something learns nothing from it. If sealed does not have the length of a sealed body, Open
// refuses it before it computes or allocates anything.
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
