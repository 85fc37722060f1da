package main

import (
	"time"
)

// Bounds of who may open the admin socket, and of the dashboard.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = time.Minute // between two requests
	maxHeader     = 16 << 10    // bytes
)
