package config

import (
	"strings"
	"testing"
)

func TestAdminSocket(t *testing.T) {
	for admin, want := range map[string]string{"": "x/chatme.db.sock", "off": "", "/run/c.sock": "/run/c.sock"} {
		c := Config{DB: "x/chatme.db", Admin: admin}
		if got := c.AdminSocket(); got != want {
			t.Errorf("CHATME_ADMIN=%q: %q, want %q", admin, got, want)
		}
	}
}

// A path that is too long for a socket is refused before anything is created, for the server and for its clients.
func TestAdminSocketTooLong(t *testing.T) {
	fits := strings.Repeat("d", longestSocket-len(adminSuffix))
	for db, wrong := range map[string]bool{fits: false, fits + "d": true} {
		src := Sources{File: noFile, Flags: Flags{"db": db, "web-api-key": "0123456789abcdef"}}
		_, _, err := Load(src)
		_, placeErr := LoadPlace(src)
		for _, err := range []error{err, placeErr} {
			if wrong != (err != nil) || wrong && !strings.Contains(err.Error(), "has 108 bytes, but the limit is 107; set a shorter one with CHATME_ADMIN") {
				t.Errorf("a name of %d bytes: %v", len(db), err)
			}
		}
		src.Flags["admin"] = adminOff
		if _, _, err := Load(src); err != nil {
			t.Errorf("without a socket: %v", err)
		}
	}
}

// Metrics are only for this machine.
func TestMetricsAddrIsLoopback(t *testing.T) {
	for addr, good := range map[string]bool{
		"": true, "127.0.0.1:9187": true, "[::1]:9187": true, "127.1.2.3:0": true,
		":9187": false, "0.0.0.0:9187": false, "[::]:9187": false, "192.168.1.2:9187": false, "localhost:9187": false, "127.0.0.1": false,
	} {
		_, _, err := Load(Sources{File: noFile, Flags: Flags{"metrics-addr": addr, "web-api-key": "0123456789abcdef"}})
		if good != (err == nil) || !good && !strings.Contains(err.Error(), "127.0.0.1:9187") {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

// LoadPlace needs no key, and reports only problems that keep it from finding the server.
func TestLoadPlace(t *testing.T) {
	src := Sources{
		File:    noFile,
		Environ: []string{"CHATME_DB=/srv/c.db", "CHATME_PING_INTERVAL=abc", "CHATME_UNKNOWN=1"},
		Flags:   Flags{"admin": "/run/c.sock"},
	}
	c, err := LoadPlace(src)
	if err != nil || c.DB != "/srv/c.db" || c.AdminSocket() != "/run/c.sock" {
		t.Errorf("%q, %q, %v", c.DB, c.AdminSocket(), err)
	}
	src.Environ[0] = "CHATME_DB="
	if c, err := LoadPlace(src); err != nil || c.DB != "chatme.db" {
		t.Errorf("an empty name: %q, %v", c.DB, err)
	}
	src.File = "no-such-file"
	if _, err := LoadPlace(src); err == nil || !strings.Contains(err.Error(), "read no-such-file") {
		t.Errorf("no file: %v", err)
	}
}
