package config

import (
	"testing"
	"time"
)

func TestDurationText(t *testing.T) {
	tests := map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "1h30m": 90 * time.Minute, "24h": 24 * time.Hour,
		"": 0, "10": 0, "0s": 0, "-1s": 0, "1d": 0, "10 s": 0,
	}
	for text, want := range tests {
		var got Duration
		if err := got.UnmarshalText([]byte(text)); got.Duration != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestBytesText(t *testing.T) {
	tests := map[string]Bytes{
		"1": 1, "65536": 64 << 10, "64KiB": 64 << 10, "16 MiB": 16 << 20, "2GiB": 2 << 30,
		"": 0, "0": 0, "-1": 0, "64kb": 0, "64KB": 0, "1.5MiB": 0, "KiB": 0, "9223372036854775807KiB": 0, "99999999999999999999": 0,
	}
	for text, want := range tests {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestCountText(t *testing.T) {
	for text, good := range map[string]bool{"0": true, "64": true, "": false, "-1": false, "1e3": false, "3000000000": false} {
		var got Count
		if err := got.UnmarshalText([]byte(text)); (err == nil) != good {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestRateText(t *testing.T) {
	tests := map[string]Rate{
		"600,60/s": {600, 60, time.Second}, "20,1/5s": {20, 1, 5 * time.Second}, "0,0/m": {0, 0, time.Minute},
		" 1 , 2 / 300ms ": {1, 2, 300 * time.Millisecond},
		"":                {}, "600": {}, "600,60": {}, "60/s": {}, "a,1/s": {}, "1,a/s": {}, "-1,1/s": {}, "1,1/": {}, "1,1/d": {}, "1,1/0s": {}, "1MiB,1/s": {},
	}
	for text, want := range tests {
		var got Rate
		if err := got.UnmarshalText([]byte(text)); got != want || (err == nil) != (want != Rate{}) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"600,60/s", "20,1/5s", "0,0/m", "1,2/300ms", "7,1/h"} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r.String() != text {
			t.Errorf("%s becomes %v, %v", text, r, err)
		}
	}
	var b ByteRate
	if err := b.UnmarshalText([]byte("256MiB,8 MiB/s")); err != nil || b.String() != "256MiB,8MiB/s" || b.Amount != 8<<20 {
		t.Errorf("bytes: %v, %v", b, err)
	}
	if err := b.UnmarshalText([]byte("0,1KiB/s")); err == nil {
		t.Error("a rate of bytes may be 0")
	}
}

func TestRatesAreDerived(t *testing.T) {
	c := &Config{}
	for maxConns, want := range map[int]int{200: 64, 1024: 64, 16_000: 1000} {
		if got := c.SocketsOfNetwork(maxConns); got != want {
			t.Errorf("of %d sockets one network gets %d, want %d", maxConns, got, want)
		}
	}
	c.NetworkSockets = 7
	if got := c.SocketsOfNetwork(16_000); got != 7 {
		t.Errorf("configured 7, got %d", got)
	}
	if got := (Rate{0, 0, time.Minute}).For(64); got != (Rate{64, 64, time.Minute}) {
		t.Errorf("derived %v", got)
	}
	if got := (Rate{5, 1, time.Second}).For(64); got != (Rate{5, 1, time.Second}) {
		t.Errorf("configured, derived %v", got)
	}
}

func TestChecks(t *testing.T) {
	tests := map[string]struct{ good, bad []string }{
		"addresses": {
			good: []string{":8787", "127.0.0.1:0", "[::1]:80", "localhost:80", "unix:/run/http.sock", "unix:http.sock", ":8787, unix:/run/a b.sock,[::1]:80,"},
			bad:  []string{"", ",", "8787", "localhost", "::1:80", ":http", ":70000", ":", "/run/http.sock", "unix:", "unix:@name", "unix:/run/", ":1,:1", "unix:a,:2,unix:a", ":1,x"},
		},
		"origin": {
			good: []string{"http://localhost:5173", "https://chat.example.org", "https://[::1]:8443"},
			bad:  []string{"", "chat.example.org", "*", "null", "https://", "https://a/", "https://a/b", "https://a?b", "https://a#b", "https://u@a", "https://a:", "https://a:99999", "https://A.example", "HTTPS://a", "ws://a", "https://a b"},
		},
		"network": {
			good: []string{"10.0.0.0/8", "::1/128"},
			bad:  []string{"", "10.0.0.1", "10.0.0.0/33", "example.org"},
		},
		"path": {good: []string{"chatme.db", "/a b"}, bad: []string{""}},
	}
	for check, tt := range tests {
		s := Setting{check: check}
		for _, text := range tt.good {
			if err := s.checkText(text); err != nil {
				t.Errorf("%s %q: %v", check, text, err)
			}
		}
		for _, text := range tt.bad {
			if err := s.checkText(text); err == nil {
				t.Errorf("%s %q is taken", check, text)
			}
		}
	}
}
