// Package seal closes the body of a message for one recipient, so that what lies on disk tells nothing to whoever
// has only the disk.
//
// It MUST NOT know of the database, and it keeps no key: the public key is derived from the session ID when the
// session ID is made or presented, the private key again each time it is presented.
//
// # What it is
//
// HPKE (RFC 9180) in its base mode, one message a key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
// The key pair comes from HKDF-SHA256 of the session ID with a label of its own, so the SHA-256 of the session ID,
// which the row keeps to find the session by, is no step on the way to it. A sealed body is
//
//	encapsulated key (32) ‖ ciphertext ‖ tag (16)
//
// and opens only with the Binding it was sealed with. Inside are the time, the text and the image, padded with
// zeros to a step of Padmé.
//
// # What it is not
//
// It is not end-to-end encryption: the server sees every body that passes through, and holds the session ID while
// its client is connected. It protects the file, its WAL, every backup and every replica. And it is no signature:
// whoever can write to the database can seal a body of their own making to the public key that lies there, or
// delete one; what they cannot do is read one, or change, move, repeat or swap those that are there unnoticed.
package seal
