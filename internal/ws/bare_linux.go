package ws

import (
	"io"
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errWouldBlock means that there is nothing to read, or no room to write.
const errWouldBlock = unix.EAGAIN

// bare takes the descriptor out of nc. It returns -1 if it cannot: bytes must go straight to the system.
func bare(nc net.Conn) int32 {
	var plain interface {
		net.Conn
		syscall.Conn
	}
	switch its := nc.(type) {
	case *net.TCPConn:
		plain = its
	case *net.UnixConn:
		plain = its
	default:
		return -1
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return -1
	}
	fd, failed := -1, error(nil)
	err = raw.Control(func(its uintptr) { fd, failed = unix.FcntlInt(its, unix.F_DUPFD_CLOEXEC, 0) })
	if err != nil || failed != nil {
		return -1
	}
	plain.Close() // the connection lives on in the copy, which does not block either
	return int32(fd)
}

// readNow and writeNow make system calls without notifying Go's scheduler: they do not block, and notifying costs as
// much as a lock.
func readNow(fd int32, p []byte) (int, error) {
	n, err := now(unix.SYS_READ, fd, p)
	if n == 0 && err == nil && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

func writeNow(fd int32, p []byte) (int, error) { return now(unix.SYS_WRITE, fd, p) }

func now(call uintptr, fd int32, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// limitBuffers limits what the system buffers in each direction, in bytes: otherwise that grows to megabytes on a fast link.
// An error only means that it does.
func limitBuffers(fd int32, bytes int) {
	unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
	unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
}

func shutNow(fd int32) { unix.Shutdown(int(fd), unix.SHUT_RDWR) }

func closeNow(fd int32) { unix.Close(int(fd)) }
