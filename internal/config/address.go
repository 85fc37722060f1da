package config

import (
	"fmt"
	"slices"
	"strings"
)

// unixPrefix marks the path of a Unix socket among the addresses.
const unixPrefix = "unix:"

// Address is where a server listens.
type Address struct {
	Network string // "tcp" or "unix", as for net.Listen
	Text    string // host:port, or the path of the socket
}

// String returns the address as it is written in the settings.
func (a Address) String() string {
	if a.Network == "unix" {
		return unixPrefix + a.Text
	}
	return a.Text
}

// ParseAddress is the inverse of String, for an address that is valid.
func ParseAddress(text string) Address {
	if path, ok := strings.CutPrefix(text, unixPrefix); ok {
		return Address{"unix", path}
	}
	return Address{"tcp", text}
}

// Addresses returns where the server listens unless systemd passes it sockets: at least one address.
func (c *Config) Addresses() (all []Address) {
	for _, text := range splitList(c.Addr) {
		all = append(all, ParseAddress(text))
	}
	return all
}

// checkAddresses returns what is wrong with a list of addresses.
func checkAddresses(text string) error {
	items := splitList(text)
	if len(items) == 0 {
		return checkAddress(text)
	}
	for i, item := range items {
		err := checkAddress(item)
		switch {
		case strings.HasPrefix(item, unixPrefix):
			err = checkUnixAddress(item)
		case strings.HasPrefix(item, "/"):
			err = fmt.Errorf("not an address; write unix:%s for a Unix socket", item)
		}
		if err == nil && slices.Contains(items[:i], item) {
			err = fmt.Errorf("is named twice")
		}
		switch {
		case err != nil && len(items) > 1:
			return fmt.Errorf("%s: %w", item, err)
		case err != nil:
			return err
		}
	}
	return nil
}

func checkUnixAddress(text string) error {
	const example = "write for example unix:/run/chatme/http.sock"
	switch path := strings.TrimPrefix(text, unixPrefix); {
	case path == "" || strings.HasSuffix(path, "/"):
		return fmt.Errorf("the path of a socket is missing; %s", example)
	case path[0] == '@':
		return fmt.Errorf("an abstract socket has no permissions: any program could use it; %s", example)
	case len(path) > longestSocket:
		return fmt.Errorf("the path has %d bytes, but the limit is %d; %s", len(path), longestSocket, example)
	}
	return nil
}

// checkOwnSockets returns which address is a path that the server uses for something else; nil: none is.
func (c *Config) checkOwnSockets() error {
	for _, a := range c.Addresses() {
		switch {
		case a.Network != "unix":
		case a.Text == c.AdminSocket():
			return fmt.Errorf("CHATME_ADDR (%s) is the admin socket, which clients must not reach; name another path", a)
		case a.Text == c.DB:
			return fmt.Errorf("CHATME_ADDR (%s) is the database; name another path", a)
		}
	}
	return nil
}
