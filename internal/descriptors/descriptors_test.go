package descriptors

import "testing"

// The shares never exceed the limit, the database keeps its own, and connections that are not upgraded have some.
func TestShareOut(t *testing.T) {
	for name, tt := range map[string]struct {
		limit, configured int
		want              Shares // zero: refused
	}{
		"many":                     {65536, 0, Shares{64448, 1024}},
		"two thousand":             {2000, 0, Shares{1452, 484}},
		"few":                      {256, 0, Shares{144, 48}},
		"hardly any":               {100, 0, Shares{20, 16}},
		"none":                     {64, 0, Shares{}},
		"max-conns leaves much":    {65536, 1000, Shares{1000, 1024}},
		"max-conns leaves some":    {2000, 1800, Shares{1800, 136}},
		"max-conns leaves nothing": {2000, 1936, Shares{1936, 16}},
		"max-conns does not fit":   {2000, 1937, Shares{}},
	} {
		got, err := ShareOut(tt.limit, tt.configured)
		if got != tt.want || (err == nil) != (tt.want != Shares{}) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, tt.want)
		}
		if left := tt.limit - got.Sockets - got.Arrivals; err == nil && left < Spare-fewestArrivals {
			t.Errorf("%s: %d are left", name, left)
		}
	}
}
