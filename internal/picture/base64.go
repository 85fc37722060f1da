package picture

import "encoding/binary"

// isBase64 reports whether s is base64 with correct padding (RFC 4648, section 4), and not empty.
func isBase64(s []byte) bool {
	if len(s) == 0 || len(s)%4 != 0 {
		return false
	}
	if s[len(s)-1] == '=' {
		s = s[:len(s)-1]
		if s[len(s)-1] == '=' {
			s = s[:len(s)-1]
		}
	}
	for len(s) >= 8 {
		if !allBase64(binary.LittleEndian.Uint64(s)) {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c|0x20-'a' > 25 && c-'0' > 9 && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// allBase64 reports whether all eight bytes of x are in the base64 alphabet. For bytes below 0x80, adding 0x80-a sets the
// high bit from a on, without a carry into the next byte.
func allBase64(x uint64) bool {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	if x&highs != 0 {
		return false
	}
	lower := x | 0x20*ones
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones)
	digit := (x + (0x80-'/')*ones) &^ (x + (0x80-'9'-1)*ones) // a slash comes right before 0
	plus := (x + (0x80-'+')*ones) &^ (x + (0x80-'+'-1)*ones)
	return (letter|digit|plus)&highs == highs
}
