package config

import "fmt"

const (
	adminOff    = "off"
	adminSuffix = ".sock"
	// longestSocket is the longest path of a Unix socket, in bytes: sun_path of unix(7) without its NUL.
	longestSocket = 107
)

// AdminSocket returns the path of the admin socket, "" if there is none.
func (c *Config) AdminSocket() string {
	switch c.Admin {
	case adminOff:
		return ""
	case "":
		return c.DB + adminSuffix
	}
	return c.Admin
}

// checkAdminSocket returns what is wrong with the path of the admin socket.
func (c *Config) checkAdminSocket() error {
	if path := c.AdminSocket(); len(path) > longestSocket {
		return fmt.Errorf("the path of the admin socket, %s, has %d bytes, but the limit is %d; set a shorter one with CHATME_ADMIN, for example /run/chatme.sock",
			path, len(path), longestSocket)
	}
	return nil
}
