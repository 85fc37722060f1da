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

// adminMode is the mode of the admin socket: for the server's user and group.
const adminMode = 0o660

// adminSocket checks whether the operator's commands reach the server, and whether it is ready.
func (d *doctor) adminSocket() {
	if !d.known("CHATME_ADMIN") {
		d.unsettled("admin socket")
		return
	}
	path := d.cfg.AdminSocket()
	if path == "" {
		d.ok("admin socket", "disabled, so chatme status, tail and similar commands do not work")
		return
	}
	if !d.running() {
		return // the next start creates it, replacing a leftover
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unknown("admin socket", err, asServer)
		return
	case err != nil || info.Mode().Type() != os.ModeSocket:
		d.warning("admin socket", path+" does not exist, so chatme status, tail and similar commands cannot reach the server",
			"use the same CHATME_ADMIN (or CHATME_DB) as the server, or restart it")
		return
	case info.Mode().Perm()&^adminMode != 0:
		d.warning("admin socket", fmt.Sprintf("%s has mode %04o: every user who can open it can use all admin commands", path, info.Mode().Perm()), fmt.Sprintf("chmod %04o %s", adminMode, path))
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
		d.ok("ready", "the server reports ready on %s", path)
	case http.StatusServiceUnavailable:
		d.problem("ready", "the server is not ready: "+said, "see the other findings and the log")
	default:
		d.unknown("ready", fmt.Errorf("%s answers %s: %s", path, response.Status, said), "check that this is the server's socket; use the same CHATME_ADMIN as the server")
	}
	if d.older() {
		d.unchecked("admin socket", "the server is another version, which does not report its address and settings; these settings are used instead",
			"after an upgrade, restart the server; otherwise run doctor from the server's own binary")
	}
}

// unanswered reports an admin socket that did not answer.
func (d *doctor) unanswered(path string, err error) {
	slow, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		d.unchecked("admin socket", "interrupted", "")
	case errors.Is(err, fs.ErrPermission):
		d.unknown("admin socket", err, "run this as root, as the server's user or in its group")
	case errors.Is(err, syscall.ECONNREFUSED):
		d.warning("admin socket", "no server answers on "+path+": a killed server left it behind, and the running one uses another",
			"use the same CHATME_ADMIN (or CHATME_DB) as the server")
	case errors.Is(err, context.DeadlineExceeded), slow != nil && slow.Timeout():
		d.problem("admin socket", fmt.Sprintf("the server did not answer on %s within %v", path, d.cmd.Timeout), "try again; if the server still does not answer, it hangs: restart it")
	default:
		d.unknown("admin socket", err, "check that this is the server's socket; use the same CHATME_ADMIN as the server")
	}
}
