package client

import "net"

const (
	// slowRead is the most that a slow reader reads at once, slowBuffer the size of its receive buffer: small, so that
	// unread data waits at the server.
	slowRead   = 8 << 10
	slowBuffer = 64 << 10
)

// slowConn is a connection that is read slowly.
type slowConn struct {
	net.Conn
	slowly func(read int)
}

func newSlowConn(conn net.Conn, slowly func(read int)) *slowConn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(slowBuffer) // on failure the reader is just less slow
	}
	return &slowConn{conn, slowly}
}

// Read reads a little, then calls slowly.
func (s *slowConn) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p[:min(len(p), slowRead)])
	if n > 0 {
		s.slowly(n)
	}
	return n, err
}
