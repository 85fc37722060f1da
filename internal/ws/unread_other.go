//go:build !linux

package ws

// unread is not available on this system.
func (s *socket) unread() bool { return false }
