package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/remote"
)

// onlyProxies is the mode that a Unix socket for proxies must not exceed: what may write to it may claim any client address.
const onlyProxies = 0o660

// socketAnswers checks that the running server answers on a Unix socket, and that only its user and group may use it.
func (d *doctor) socketAnswers(l admin.Listener, path string) {
	const check = "proxy socket"
	r, err := http.NewRequestWithContext(d.ctx, http.MethodGet, "http://unix/healthz", nil)
	if err != nil {
		d.unknown(check, err, "")
		return
	}
	response, body, err := remote.DoOnce(r, d.cmd.Timeout, func(t *http.Transport) {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	})
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unchecked(check, "this user may not use "+l.Addr, asServer)
	case d.healthy(check, l.Addr, response, body, err):
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&^onlyProxies != 0 {
			d.warning(check, fmt.Sprintf("%s has mode %04o: any local user may claim any client address", l.Addr, info.Mode().Perm()),
				"set SocketMode=0660 and SocketGroup= in the unit that holds it; a server that makes it itself uses 0660")
			return
		}
		d.ok(check, "the server answers on %s", l.Addr)
	}
}

// socketFree checks that a server could make a Unix socket at path.
func (d *doctor) socketFree(path string) {
	const check = "proxy socket"
	addr := config.Address{Network: "unix", Text: path}.String()
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(path)
		if _, err := os.Stat(dir); err != nil {
			d.problem(check, fmt.Sprintf("%s: %v", addr, err), "create the directory "+dir+", in which the server's user may create files")
			return
		}
		d.ok(check, "%s is free", addr)
	case err != nil:
		d.unknown(check, err, asServer)
	case info.Mode().Type() != fs.ModeSocket:
		d.problem(check, addr+": something else is already there", "remove it, or set CHATME_ADDR to another address")
	default:
		// Dialing would make systemd start the server.
		if inode, found := listeningAt(path); found {
			d.taken(check, addr, socketHolder(inode), "ss -lxp")
			return
		}
		d.ok(check, "%s is left from a server that was killed; the next one replaces it", addr)
	}
}

// listeningAt returns the inode of the socket that listens at path (proc_pid_net(5)).
func listeningAt(path string) (inode string, found bool) {
	const acceptsConnections = "00010000" // __SO_ACCEPTCON in the kernel's include/uapi/linux/net.h
	f, err := os.Open("/proc/net/unix")
	if err != nil {
		return "", false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 8 && fields[3] == acceptsConnections && strings.HasSuffix(lines.Text(), " "+path) {
			return fields[6], true
		}
	}
	return "", false
}
