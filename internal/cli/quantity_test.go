package cli

import (
	"testing"
	"time"
)

func TestQuantities(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 53248: "53,248", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 1500 * time.Nanosecond: "2µs", 12345 * time.Microsecond: "12.3ms", 1234 * time.Millisecond: "1.23s",
		61400 * time.Millisecond: "1m1s", 25*time.Hour + 40*time.Second: "25h1m0s", 50 * time.Hour: "2 days",
	} {
		if got := Elapsed(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}
