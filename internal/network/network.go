package network

import (
	"hash/maphash"
	"net/netip"
)

// levels is the number of units that an address counts in: itself, and for IPv6 two wider ones.
const levels = 3

// The bytes of an IPv6 prefix at each level, and the binary logarithm of how many times as much it may use as one /64: a
// customer often has a /56, and may have a /48.
var (
	prefixBytes = [levels]int{64 / 8, 56 / 8, 48 / 8}
	widths      = [levels]uint{0, 2, 4}
)

// Network stands for the network of an address. It consists of hashes under a key of this process, and holds no address.
// The zero Network is that of a client whose network is unknown: no limit applies to it.
type Network struct {
	ids [levels]uint64 // of the IPv4 address or the /64, of the /56 and of the /48; 0: there is none
}

// seed is the key of all hashes: two runs of a server have none in common.
var seed = maphash.MakeSeed()

// Of returns the Network of an address. An invalid address has none, and neither has a loopback address: behind it is a
// proxy that names no client, and all clients would be one network.
func Of(addr netip.Addr) (n Network) {
	addr = addr.Unmap()
	switch {
	case !addr.IsValid() || addr.IsLoopback():
	case addr.Is4():
		b := addr.As4()
		n.ids[0] = hash(b[:])
	default:
		b := addr.As16()
		for level, size := range prefixBytes {
			n.ids[level] = hash(b[:size])
		}
	}
	return n
}

// OfSession returns the Network that stands for one session, for a Table that counts by session. hashed is the hash of
// its ID.
func OfSession(hashed []byte) Network { return Network{ids: [levels]uint64{hash(hashed)}} }

// ID returns the number of n within this process, 0 if n is unknown.
func (n Network) ID() uint64 { return n.ids[0] }

// IsKnown reports whether n is a network, so that limits apply to it.
func (n Network) IsKnown() bool { return n.ids[0] != 0 }

// hash returns the keyed hash of b, never 0. Prefixes of different levels have different lengths, so none equals another.
func hash(b []byte) uint64 { return max(maphash.Bytes(seed, b), 1) }
