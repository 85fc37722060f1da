// Package forwarded finds the client address of a request behind proxies that write X-Forwarded-For.
//
// It trusts only the networks it is given, and peers on a Unix socket. It MUST NOT keep an address.
package forwarded
