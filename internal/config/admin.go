package config

import "fmt"

const (
	adminOff    = "off"
	adminSuffix = ".sock"
	// longestSocket is how long the path of a unix socket may be, in bytes: sun_path of unix(7) without its NUL.
	longestSocket = 107
)

// AdminSocket is the path of the admin socket, "" if there is none.
func (c *Config) AdminSocket() string {
	switch c.Admin {
	case adminOff:
		return ""
	case "":
		return c.DB + adminSuffix
	}
	return c.Admin
}

// checkAdminSocket says what is wrong with the path of the admin socket.
func (c *Config) checkAdminSocket() error {
	if path := c.AdminSocket(); len(path) > longestSocket {
		return fmt.Errorf("the path of the admin socket, %s, has %d bytes and a socket's may have %d; name a shorter one with CHATME_ADMIN, for example /run/chatme.sock",
			path, len(path), longestSocket)
	}
	return nil
}
