package ws

import (
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// errWouldBlock says that there is nothing to read, or no room to write.
const errWouldBlock = unix.EAGAIN

// bare takes the descriptor out of nc, and -1 if it cannot: bytes must go straight to the system.
func bare(nc net.Conn) int32 {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return -1
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1
	}
	fd, failed := -1, error(nil)
	if err := raw.Control(func(its uintptr) { fd, failed = copyOf(int(its)) }); err != nil || failed != nil {
		return -1
	}
	tcp.Close() // the connection lives on in the copy, which does not block either
	return int32(fd)
}

func copyOf(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// waitFor returns a file of a copy of the descriptor, which Go waits for.
func waitFor(fd int32) (*os.File, error) {
	own, err := copyOf(int(fd))
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(own), "socket"), nil
}

func readNow(fd int32, p []byte) (int, error) {
	for {
		n, err := unix.Read(int(fd), p)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func writeNow(fd int32, p []byte) (int, error) {
	for {
		n, err := unix.Write(int(fd), p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

func shutNow(fd int32) { unix.Shutdown(int(fd), unix.SHUT_RDWR) }

func closeNow(fd int32) { unix.Close(int(fd)) }
