// Package unixsocket makes the Unix sockets that the server listens on.
package unixsocket
