// Package seal encrypts the body of a message for one recipient, so that an attacker with access only to the disk cannot
// read it.
//
// It MUST NOT know of the database, and it keeps no key: the public key is derived from the session ID when the session ID
// is created or presented, the private key each time it is presented.
//
// # What it is
//
// HPKE (RFC 9180) in base mode, one message per key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
// The key pair comes from HKDF-SHA256 of the session ID with its own label. It cannot be derived from the SHA-256 of the
// session ID, which the row keeps for lookups. A sealed body is
//
//	encapsulated key (32) ‖ ciphertext ‖ tag (16)
//
// and opens only with the Binding it was sealed with. It contains the time, the text and the image, padded with zeros to
// a step of Padmé.
//
// # What it is not
//
// It is not end-to-end encryption: the server sees every body that passes through, and holds the session ID while its
// client is connected. It protects the file, its WAL, every backup and every replica. It is not a signature either: an
// attacker with write access to the database can seal a new body to the stored public key, or delete one, but cannot read
// an existing body, or change, move, repeat or swap one without being noticed.
package seal
