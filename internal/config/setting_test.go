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
