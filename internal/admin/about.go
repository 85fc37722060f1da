package admin

import "context"

// About is what a running server is, where it is found and what it goes by. Its own settings may say otherwise: systemd may
// hold the socket, a flag may beat the file, a reload may be due.
type About struct {
	Version   string     `json:"version"`
	Commit    string     `json:"commit"`
	Process   int        `json:"process"` // its number, as the server itself sees it
	Boot      uint64     `json:"boot"`
	Listening []Listener `json:"listening"`

	// In force.
	PingMs         int64    `json:"pingMs"`
	TrustedProxies []string `json:"trustedProxies"`
	AllowedOrigins []string `json:"allowedOrigins"`
	Page           bool     `json:"page"` // it serves a page at /
}

// Listener is an address at which clients reach the server.
type Listener struct {
	Addr      string `json:"addr"`      // host:port
	TLS       bool   `json:"tls"`       // the server speaks TLS on it by itself
	Inherited bool   `json:"inherited"` // systemd holds it
}

// About asks what the server is. A server of an older version does not know; the error is then an *UnknownPathError.
func (c *Client) About(ctx context.Context) (*About, error) {
	about := &About{}
	if err := c.Get(ctx, "/about", about); err != nil {
		return nil, err
	}
	return about, nil
}
