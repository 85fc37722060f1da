// Package forwarded finds the address that a request is from, behind proxies that write X-Forwarded-For.
//
// It believes no one but the networks it was given, and MUST NOT keep an address.
package forwarded
