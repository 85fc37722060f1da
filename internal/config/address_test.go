package config

import (
	"slices"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	c := Config{Addr: "127.0.0.1:8787, unix:/run/http.sock,unix:near"}
	want := []Address{{"tcp", "127.0.0.1:8787"}, {"unix", "/run/http.sock"}, {"unix", "near"}}
	if got := c.Addresses(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, a := range want {
		if got := ParseAddress(a.String()); got != a {
			t.Errorf("%v, want %v", got, a)
		}
	}
}

// Each error says which of several addresses is wrong, and what to write instead.
func TestWrongAddresses(t *testing.T) {
	long := "unix:/" + strings.Repeat("d", longestSocket)
	for addr, want := range map[string]string{
		"/run/http.sock":      `--addr="/run/http.sock": not an address; write unix:/run/http.sock for a Unix socket`,
		":1,unix:":            `--addr=":1,unix:": unix:: the path of a socket is missing; write for example unix:/run/chatme/http.sock`,
		"unix:@name":          `an abstract socket has no permissions: any program could use it`,
		long:                  `the path has 108 bytes, but the limit is 107`,
		":1, unix:a , unix:a": `unix:a: is named twice`,
		"unix:x.db":           `CHATME_ADDR (unix:x.db) is the database; name another path`,
		":1,unix:x.db.sock":   `CHATME_ADDR (unix:x.db.sock) is the admin socket, which clients must not reach; name another path`,
	} {
		_, _, err := Load(Sources{File: noFile, Flags: Flags{"addr": addr, "db": "x.db", "web-api-key": "0123456789abcdef"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", addr, err, want)
		}
	}
}
