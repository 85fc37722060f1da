package admin

import (
	"time"
)

// Bounds of who may open the admin socket, and of the dashboard.
const (
	HeaderTimeout = 10 * time.Second
	IdleTimeout   = time.Minute // between two requests
	MaxHeader     = 16 << 10    // bytes
)
