// Package server is the HTTP surface, on chi: which request may upgrade, what every other one is answered, how
// long a connection that is not upgraded may stay (Arrivals), and in which order things stop.
//
// It MUST NOT know what is said on a socket.
package server
