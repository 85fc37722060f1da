package client

import "net"

const (
	// slowRead is the most that a slow reader reads at once, slowBuffer what its system takes for it meanwhile: little,
	// so that what it has not read waits at the server.
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
		_ = tcp.SetReadBuffer(slowBuffer) // what it cannot do makes it less slow
	}
	return &slowConn{conn, slowly}
}

// Read reads a little, and takes its time after it.
func (s *slowConn) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p[:min(len(p), slowRead)])
	if n > 0 {
		s.slowly(n)
	}
	return n, err
}
