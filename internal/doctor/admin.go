package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"chatme/internal/admin"
	"chatme/internal/remote"
)

// adminMode is who may open the admin socket: the server's user and its group.
const adminMode = 0o660

// adminSocket is whether the operator's commands reach the server, and whether it is ready.
func (d *doctor) adminSocket() {
	if !d.known("CHATME_ADMIN") {
		d.unsettled("admin socket")
		return
	}
	path := d.cfg.AdminSocket()
	if path == "" {
		d.ok("admin socket", "switched off, so chatme status, tail and the like do not work")
		return
	}
	if !d.running() {
		return // the next start makes it, in place of one that was left
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unknown("admin socket", err, asServer)
		return
	case err != nil || info.Mode().Type() != os.ModeSocket:
		d.warning("admin socket", path+" is not there, so chatme status, tail and the like do not find the server",
			"give the same CHATME_ADMIN (or CHATME_DB) as the server has, or restart it")
		return
	case info.Mode().Perm()&^adminMode != 0:
		d.warning("admin socket", fmt.Sprintf("%s has mode %04o: who may open it may ask everything", path, info.Mode().Perm()), fmt.Sprintf("chmod %04o %s", adminMode, path))
	}
	if d.asked != nil && !d.older() {
		d.unanswered(path, d.asked)
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	response, err := admin.NewClient(path).Do(ctx, http.MethodGet, "/readyz")
	if err != nil {
		d.unanswered(path, err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, remote.BodyShown))
	said := strings.TrimSpace(string(body))
	switch response.StatusCode {
	case http.StatusOK:
		d.ok("ready", "the server says that it is, on %s", path)
	case http.StatusServiceUnavailable:
		d.problem("ready", "the server is not ready: "+said, "see the other findings here, and the log")
	default:
		d.unknown("ready", fmt.Errorf("%s answers %s: %s", path, response.Status, said), "is it the server's socket? Give the same CHATME_ADMIN as the server has")
	}
	if d.older() {
		d.unchecked("admin socket", "the server is of another version, which does not say where it listens and what it goes by: these settings are believed instead",
			"after an upgrade: restart the server; otherwise run its own program for this")
	}
}

// unanswered is an admin socket that gave no answer.
func (d *doctor) unanswered(path string, err error) {
	slow, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		d.unchecked("admin socket", "interrupted", "")
	case errors.Is(err, fs.ErrPermission):
		d.unknown("admin socket", err, "run this as root, as the server's user or in its group")
	case errors.Is(err, syscall.ECONNREFUSED):
		d.warning("admin socket", "no server answers on "+path+": it was left by a server that was killed, and the running one has another",
			"give the same CHATME_ADMIN (or CHATME_DB) as the server has")
	case errors.Is(err, context.DeadlineExceeded), slow != nil && slow.Timeout():
		d.problem("admin socket", fmt.Sprintf("the server does not answer on %s within %v", path, d.cmd.Timeout), "look again; if it still does not answer, the server hangs: restart it")
	default:
		d.unknown("admin socket", err, "is it the server's socket? Give the same CHATME_ADMIN as the server has")
	}
}
