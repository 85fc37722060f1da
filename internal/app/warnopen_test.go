package app

import (
	"bytes"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/testbed"
)

// A Unix socket that systemd made with its own default, mode 0666, would let every local user claim a client address.
func TestWarnsOfASocketForEveryUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	local, err := net.Listen("unix", path)
	testbed.Must(t, err)
	defer local.Close()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	testbed.Must(t, err)
	defer port.Close()
	for mode, warns := range map[os.FileMode]bool{0o660: false, 0o600: false, 0o666: true} {
		testbed.Must(t, os.Chmod(path, mode))
		var said bytes.Buffer
		listeners{all: []net.Listener{port, local}, inherited: true}.warnOpen(slog.New(slog.NewTextHandler(&said, nil)))
		if got := strings.Count(said.String(), "every local user"); (got == 1) != warns || got > 1 {
			t.Errorf("mode %04o: %q", mode, &said)
		}
	}
}
