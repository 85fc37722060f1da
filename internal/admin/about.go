package admin

import "context"

// About describes a running server: what it is, where it listens and its settings in force. Its settings file may say
// otherwise: systemd may hold the socket, a flag may override the file, a reload may be due.
type About struct {
	Version   string     `json:"version"`
	Commit    string     `json:"commit"`
	Process   int        `json:"process"` // its PID, as the server itself sees it
	Boot      uint64     `json:"boot"`
	Listening []Listener `json:"listening"`

	// In force.
	PingMs         int64    `json:"pingMs"`
	TrustedProxies []string `json:"trustedProxies"`
	AllowedOrigins []string `json:"allowedOrigins"`
	Page           bool     `json:"page"` // a page is served at /
}

// Listener is an address at which clients reach the server.
type Listener struct {
	Addr      string `json:"addr"`      // host:port
	TLS       bool   `json:"tls"`       // the server itself speaks TLS on it
	Inherited bool   `json:"inherited"` // systemd holds it
}

// About asks the server for its About. A server of an older version does not know the request; the error is then an
// *UnknownPathError.
func (c *Client) About(ctx context.Context) (*About, error) {
	about := &About{}
	if err := c.Get(ctx, "/about", about); err != nil {
		return nil, err
	}
	return about, nil
}
