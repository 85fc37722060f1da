package unixsocket

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

const (
	// mode admits the server's user and the socket's group.
	mode = 0o660
	// dialTimeout is how long a server on the same machine may take to accept.
	dialTimeout = 2 * time.Second
)

var (
	// ErrInUse means that another process listens at the path.
	ErrInUse = errors.New("already in use by another server")
	// ErrOther means that something other than a socket is at the path.
	ErrOther = errors.New("something else is already there")
)

// Listen makes the Unix socket at path, with mode 0660 whatever the umask. It replaces a socket that a killed server left
// behind, and nothing else; closing the listener removes the socket. The errors do not repeat the path.
func Listen(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// A socket has the mode of its descriptor, less the umask, from the beginning; see unix_bind in the kernel's
	// net/unix/af_unix.c.
	restrict := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) { failed = unix.Fchmod(int(fd), mode) })
		return errors.Join(err, failed)
	}}
	listener, err := restrict.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, plain(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(plain(err), listener.Close())
	}
	return listener, nil
}

// removeStale removes a socket that no process listens on, and nothing else.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return plain(err)
	case info.Mode()&os.ModeSocket == 0:
		return ErrOther
	}
	conn, err := net.DialTimeout("unix", path, dialTimeout)
	switch {
	case err == nil:
		conn.Close()
		return ErrInUse
	case errors.Is(err, syscall.ECONNREFUSED):
	case errors.Is(err, syscall.EAGAIN): // its queue is full
		return ErrInUse
	case errors.Is(err, os.ErrNotExist):
		return nil
	default:
		return fmt.Errorf("cannot tell whether a server uses the socket that is there: %w", plain(err))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot remove the socket of a killed server: %w", plain(err))
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
