package config

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how many things may happen: Burst at once, and Amount each Per after that. Its text is 600,60/s or 20,1/5s. A
// Burst or Amount of 0 is derived, where the setting permits that.
type Rate struct {
	Burst, Amount int64
	Per           time.Duration
}

// ByteRate is a Rate in bytes: 256MiB,8MiB/s. Neither number is 0.
type ByteRate Rate

// UnmarshalText reads a rate.
func (r *Rate) UnmarshalText(text []byte) error {
	var burst, amount Count
	per, err := splitRate(string(text), burst.UnmarshalText, amount.UnmarshalText)
	if err == nil {
		*r = Rate{int64(burst), int64(amount), per}
	}
	return err
}

// UnmarshalText reads a rate in bytes.
func (r *ByteRate) UnmarshalText(text []byte) error {
	var burst, amount Bytes
	per, err := splitRate(string(text), burst.UnmarshalText, amount.UnmarshalText)
	if err == nil {
		*r = ByteRate{int64(burst), int64(amount), per}
	}
	return err
}

// splitRate reads the parts of BURST,AMOUNT/TIME and returns the time: a unit, or a duration.
func splitRate(text string, burst, amount func([]byte) error) (per time.Duration, err error) {
	first, rest, comma := strings.Cut(text, ",")
	second, unit, slash := strings.Cut(rest, "/")
	if !comma || !slash {
		return 0, fmt.Errorf("not a rate: write how much may come at once, a comma, and how much per time after that")
	}
	if err := burst([]byte(strings.TrimSpace(first))); err != nil {
		return 0, fmt.Errorf("the part before the comma: %w", err)
	}
	if err := amount([]byte(strings.TrimSpace(second))); err != nil {
		return 0, fmt.Errorf("the part before the slash: %w", err)
	}
	unit = strings.TrimSpace(unit)
	if unit == "s" || unit == "m" || unit == "h" {
		unit = "1" + unit
	}
	var d Duration
	if err := d.UnmarshalText([]byte(unit)); err != nil {
		return 0, fmt.Errorf("the time after the slash: %w", err)
	}
	return d.Duration, nil
}

// String formats the rate as it is written.
func (r Rate) String() string {
	return strconv.FormatInt(r.Burst, 10) + "," + strconv.FormatInt(r.Amount, 10) + "/" + unitOf(r.Per)
}

// String formats the rate as it is written.
func (r ByteRate) String() string {
	return Bytes(r.Burst).String() + "," + Bytes(r.Amount).String() + "/" + unitOf(r.Per)
}

// unitOf formats a time after a slash.
func unitOf(per time.Duration) string {
	switch text := shortSpan(per); text {
	case "1s", "1m", "1h":
		return text[1:]
	default:
		return text
	}
}

// leastNetworkSockets is the smallest derived NetworkSockets: a school, a company or a mobile operator behind one address.
const leastNetworkSockets = 64

// SocketsOfNetwork returns how many sockets one network may hold of maxConns once the server is half full.
func (c *Config) SocketsOfNetwork(maxConns int) int {
	return cmp.Or(int(c.NetworkSockets), max(leastNetworkSockets, maxConns/16))
}

// For returns r with what is derived: sockets for each 0.
func (r Rate) For(sockets int) Rate {
	return Rate{cmp.Or(r.Burst, int64(sockets)), cmp.Or(r.Amount, int64(sockets)), r.Per}
}

// mostBurst is the longest time that a whole burst may take to be free again: with more, nanoseconds would overflow.
const mostBurst = 10 * 365 * 24 * time.Hour

// tooSlow reports whether the burst takes longer than mostBurst. It takes no derived number.
func (r Rate) tooSlow() bool {
	return r.Amount > 0 && float64(r.Burst)/float64(r.Amount)*float64(r.Per) > float64(mostBurst)
}
