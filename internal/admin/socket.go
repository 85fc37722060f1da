package admin

import (
	"errors"
	"fmt"
	"net"

	"chatme/internal/unixsocket"
)

// Listen makes the admin socket at path. The caller holds the database's one-server lock, so a socket at the default path
// is stale; Listen detects whether another server uses a configured path.
func Listen(path string) (net.Listener, error) {
	listener, err := unixsocket.Listen(path)
	switch {
	case errors.Is(err, unixsocket.ErrInUse), errors.Is(err, unixsocket.ErrOther):
		return nil, fmt.Errorf("make the admin socket %s: %w; name another path (CHATME_ADMIN)", path, err)
	case err != nil:
		return nil, fmt.Errorf("make the admin socket %s: %w", path, err)
	}
	return listener, nil
}
