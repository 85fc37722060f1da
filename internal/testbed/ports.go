package testbed

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddr returns an address without a listener. Its port is below those that the system gives to sockets that dial
// (ip(7), ip_local_port_range), so it stays free between two runs of a server.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	const lowest, highest = 10_000, 32_000
	for range 100 {
		port := lowest + rand.IntN(highest-lowest)
		if listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			listener.Close()
			return fmt.Sprintf("127.0.0.1:%d", port)
		}
	}
	tb.Fatal("no port is free")
	panic("unreachable")
}
