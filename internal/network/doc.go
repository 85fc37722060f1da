// Package network tells one network of clients from another, and counts what each of them uses.
//
//	Network  what an address counts as: an IPv4 address, or an IPv6 /64 within its /56 and /48
//	Bucket   one rate of one thing, GCRA in an int64
//	Table    the buckets of all networks, in a fixed size
//	Crowd    the sockets that each network holds, and which network holds most
//	Hour     which network opened most sockets of late
//	Tags     what the operator calls a network today
//
// An address is hashed under a key of this process and forgotten.
//
// It MUST NOT keep an address, and MUST NOT know what is counted or what happens to a network over its rate.
package network
