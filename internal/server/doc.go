// Package server is the HTTP surface, on chi: which requests may upgrade, how all others are answered, how long a
// connection that is not upgraded may stay (Arrivals), and the order of a shutdown.
//
// It MUST NOT know what is sent on a socket.
package server
