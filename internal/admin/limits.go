package admin

import (
	"time"
)

// Limits of the admin socket and the dashboard.
const (
	HeaderTimeout = 10 * time.Second
	IdleTimeout   = time.Minute // between two requests
	MaxHeader     = 16 << 10    // bytes
)
