package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"chatme/internal/admin"
)

// adminMode is who may open the admin socket: the server's user and its group.
const adminMode = 0o660

// adminSocket is whether the operator's commands reach the server, and whether it is ready.
func (d *doctor) adminSocket() {
	path := d.cfg.AdminSocket()
	if path == "" {
		d.ok("admin socket", "switched off, so chatme status, tail and the like do not work")
		return
	}
	if d.server.pid == 0 {
		return // the next start makes it, in place of one that was left
	}
	info, err := os.Stat(path)
	switch {
	case err != nil || info.Mode().Type() != os.ModeSocket:
		d.warning("admin socket", path+" is not there, so chatme status, tail and the like do not find the server",
			"give the same CHATME_ADMIN (or CHATME_DB) as the server has, or restart it")
		return
	case info.Mode().Perm() != adminMode:
		d.warning("admin socket", fmt.Sprintf("%s has mode %04o: who may open it may ask everything", path, info.Mode().Perm()), fmt.Sprintf("chmod %04o %s", adminMode, path))
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	response, err := admin.NewClient(path).Do(ctx, http.MethodGet, "/readyz")
	if err != nil {
		d.problem("admin socket", err.Error(), "run this as the server's user, its group or root; if it still does not answer, the server hangs: restart it")
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, bodyShown))
	if response.StatusCode != http.StatusOK {
		d.problem("ready", "the server is not ready: "+strings.TrimSpace(string(body)), "see the other findings here, and the log")
		return
	}
	d.ok("ready", "the server says that it is, on %s", path)
}
