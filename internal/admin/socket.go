package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socketMode admits the server's user and group.
const socketMode = 0o660

// dialTimeout is how long a server on the same machine may take to accept.
const dialTimeout = 2 * time.Second

// Listen makes the Unix socket at path. It replaces a socket that a killed server left behind; closing the listener
// removes the socket. The caller holds the database's one-server lock, so a socket at the default path is stale; Listen
// detects whether another server uses a configured path.
func Listen(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// A socket has the mode of its descriptor, less the umask, from the beginning; see unix_bind in the kernel's
	// net/unix/af_unix.c.
	restrict := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), socketMode) })
		return errors.Join(err, failed)
	}}
	listener, err := restrict.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("make the admin socket %s: %w", path, plain(err))
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("make the admin socket %s: %w", path, plain(err)), listener.Close())
	}
	return listener, nil
}

// removeStale removes a socket that nothing answers on, and nothing else.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("make the admin socket %s: %w", path, plain(err))
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("make the admin socket %s: something else is already there; name another path (CHATME_ADMIN)", path)
	}
	if conn, err := net.DialTimeout("unix", path, dialTimeout); err == nil {
		conn.Close()
		return fmt.Errorf("make the admin socket %s: another server answers there; name another path (CHATME_ADMIN)", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the admin socket %s of a killed server: %w", path, plain(err))
	}
	return nil
}

// plain returns err without the operation and path, which the caller adds.
func plain(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return err
}
