package unixsocket_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"chatme/internal/testbed"
	"chatme/internal/unixsocket"
)

// The socket admits its user and group, whatever the umask, and is removed with its listener.
func TestModeOfTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	old := syscall.Umask(0o077)
	listener, err := unixsocket.Listen(path)
	syscall.Umask(old)
	testbed.Must(t, err)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("%v, %v; want a socket of mode 0660", info.Mode(), err)
	}
	listener.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after Close: %v, want no socket", err)
	}
}

func TestSocketOfAKilledServerIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	testbed.Must(t, err)
	killed.SetUnlinkOnClose(false)
	killed.Close()
	listener, err := unixsocket.Listen(path)
	testbed.Must(t, err)
	listener.Close()
}

// Listen removes no file, and no socket that a process listens on, not even one with a full queue.
func TestNothingElseIsRemoved(t *testing.T) {
	dir := t.TempDir()
	file, socket, full := filepath.Join(dir, "file"), filepath.Join(dir, "s.sock"), filepath.Join(dir, "full.sock")
	testbed.MustWrite(t, file, []byte("precious"))
	other, err := unixsocket.Listen(socket)
	testbed.Must(t, err)
	defer other.Close()
	fill(t, full)
	for path, want := range map[string]error{
		file:                                 unixsocket.ErrOther,
		socket:                               unixsocket.ErrInUse,
		full:                                 unixsocket.ErrInUse,
		dir + "/none/s.sock":                 syscall.ENOENT,
		dir + "/file/s.sock":                 syscall.ENOTDIR,
		dir + "/" + strings.Repeat("x", 120): syscall.EINVAL,
	} {
		if _, err := unixsocket.Listen(path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if text := testbed.MustRead(t, file); string(text) != "precious" {
		t.Errorf("the file holds %q", text)
	}
	if info, err := os.Lstat(full); err != nil || info.Mode()&os.ModeSocket == 0 {
		t.Errorf("the full socket: %v, %v", info, err)
	}
}

// fill makes a socket whose queue is full: the process that listens does not accept.
func fill(t *testing.T, path string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	testbed.Must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	testbed.Must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	testbed.Must(t, unix.Listen(fd, 0))
	for {
		conn, err := net.Dial("unix", path)
		if errors.Is(err, syscall.EAGAIN) {
			return
		}
		testbed.Must(t, err)
		t.Cleanup(func() { conn.Close() })
	}
}

// A symbolic link in place of the socket is not followed: its target is neither removed nor created.
func TestNoLinkIsFollowed(t *testing.T) {
	dir := t.TempDir()
	file, nothing := filepath.Join(dir, "file"), filepath.Join(dir, "nothing")
	testbed.Must(t, os.WriteFile(file, []byte("precious"), 0o600))
	for _, target := range []string{file, nothing} {
		link := target + ".sock"
		testbed.Must(t, os.Symlink(target, link))
		if _, err := unixsocket.Listen(link); !errors.Is(err, unixsocket.ErrOther) {
			t.Errorf("%s: %v", link, err)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
}
