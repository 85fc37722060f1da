package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/remote"
)

// outside checks what clients find at the public address.
func (d *doctor) outside() {
	to, err := remote.Parse(d.cmd.URL)
	if err != nil {
		d.problem("public address", err.Error(), "")
		return
	}
	if !d.encryption(to) {
		return // every client fails in the same way
	}
	d.page(to)
	if d.upgrade(to) {
		silence := d.holdSilence(to)
		d.ownOrigin(to)
		d.listedOrigins(to)
		d.foreignOrigin(to)
		d.proxies(to)
		d.silent(silence())
	}
}

// dial tries an upgrade as a page at origin does or, without one, as an app does. It returns the status of a refusal, 0
// if the upgrade succeeded.
func (d *doctor) dial(to remote.Deployment, origin string) (status int, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	c, err := client.Dial(ctx, to.Socket(), client.Options{NoAuth: true, Origin: origin})
	if err == nil {
		return 0, c.Close(1000)
	}
	if refused, ok := err.(*client.RefusedError); ok {
		return refused.Status, nil
	}
	return 0, err
}

// upgrade checks that a WebSocket gets through at all.
func (d *doctor) upgrade(to remote.Deployment) bool {
	status, err := d.dial(to, "")
	switch {
	case err != nil:
		d.problem("upgrade", fmt.Sprintf("%s: %v", to.Socket(), err), "check that the proxy is running and passes this path to the server, and that the server is running")
	case status == 0:
		d.ok("upgrade", "a WebSocket gets through to the server at %s", to.Socket())
		return true
	case status == http.StatusForbidden:
		d.problem("upgrade", "refused with 403 even without an origin: something in front of the server does this", "check its rules and its log")
	default:
		d.problem("upgrade", fmt.Sprintf("refused with %d", status), remote.RefusalHint(status))
	}
	return false
}

// ownOrigin checks that the server's own page may connect. It always may if the server sees the name that the client
// asked for.
func (d *doctor) ownOrigin(to remote.Deployment) {
	switch status, err := d.dial(to, to.Origin()); {
	case err != nil:
		d.problem("origin", err.Error(), "try again")
	case status == 0:
		d.ok("origin", "the server's own page may connect")
	case status == http.StatusForbidden && !slices.Contains(d.cfg.AllowedOrigins, to.Origin()):
		d.problem("origin", "the server's own page is refused with 403: the server does not see the name "+to.Host, hostRemedy(to))
	case status == http.StatusForbidden:
		d.problem("origin", to.Origin()+" is refused with 403, although it is in ALLOWED_ORIGINS here", "run chatme reload, so that the server reads its settings again; also, "+hostRemedy(to))
	default:
		d.problem("origin", fmt.Sprintf("the server's own page is refused with %d", status), remote.RefusalHint(status))
	}
}

// hostRemedy returns the line that is missing in the proxy's configuration. In nginx, $host has no port.
func hostRemedy(to remote.Deployment) string {
	variable := "$host"
	if _, _, err := net.SplitHostPort(to.Host); err == nil {
		variable = "$http_host"
	}
	return `nginx's proxy_pass changes Host: add "proxy_set_header Host ` + variable + `;" next to it (Apache: ProxyPreserveHost On; Caddy keeps Host by default)`
}

// listedOrigins checks that the server accepts the origins in the settings.
func (d *doctor) listedOrigins(to remote.Deployment) {
	if !d.known("ALLOWED_ORIGINS") {
		return // already reported
	}
	let := 0
	for _, origin := range d.cfg.AllowedOrigins {
		if origin == to.Origin() {
			continue
		}
		status, err := d.dial(to, origin)
		switch {
		case err != nil:
			d.problem("origin", fmt.Sprintf("%s: %v", origin, err), "try again")
		case status != 0:
			d.problem("origin", fmt.Sprintf("%s is in ALLOWED_ORIGINS here, but is refused with %d", origin, status),
				"run chatme reload, so that the server reads its settings again; if it has these settings, the proxy changes Origin")
		default:
			let++
		}
	}
	if let > 0 {
		d.ok("origin", "%s of ALLOWED_ORIGINS may connect", cli.Counted(let, "origin"))
	}
}

func (d *doctor) foreignOrigin(to remote.Deployment) {
	switch status, err := d.dial(to, remote.ForeignOrigin); {
	case err != nil:
		d.problem("origin", err.Error(), "try again")
	case status == 0:
		d.problem("origin", "a page at any origin may connect: "+remote.ForeignOrigin+" was accepted", "the proxy drops or rewrites Origin; pass it on unchanged")
	case status != http.StatusForbidden:
		d.warning("origin", fmt.Sprintf("a page at a foreign origin is refused with %d instead of 403: legacy clients then retry", status), "check the proxy's rules")
	default:
		d.ok("origin", "pages at other origins are refused with 403")
	}
}

// page checks that / is what the settings say.
func (d *doctor) page(to remote.Deployment) {
	response, body, err := d.get(to.Page(), "text/html")
	if err != nil {
		d.problem("page", err.Error(), "check that the proxy is running and that the name resolves to it")
		return
	}
	wanted := d.cfg.Web == "on" && len(d.cfg.WebAPIKeys) > 0
	if d.about != nil {
		wanted = d.about.Page
	} else if !d.known("CHATME_WEB") || !d.known("WEB_API_KEY") {
		d.unsettled("page")
		return
	}
	isPage := response.StatusCode == http.StatusOK && strings.HasPrefix(response.Header.Get("Content-Type"), "text/html")
	switch {
	case wanted && !isPage:
		d.problem("page", fmt.Sprintf("%s answered %s instead of the page", to.Page(), response.Status), refusalHintPage(response.StatusCode))
	case wanted && d.cfg.WebDir == "" && d.known("CHATME_WEB_DIR") && !strings.Contains(body, "chatme"):
		d.warning("page", to.Page()+" shows a page that is not the built-in one", "check that the proxy's location leads to the server")
	case wanted:
		d.ok("page", "served at %s", to.Page())
	case response.StatusCode == http.StatusUpgradeRequired:
		d.ok("page", "none, as configured")
	default:
		d.ok("page", "%s answered %s; the server has no page", to.Page(), response.Status)
	}
}

func refusalHintPage(status int) string {
	if status == http.StatusUpgradeRequired {
		return "the running server has its page disabled or has no web key; make it read its settings again (chatme reload)"
	}
	if hint := remote.RefusalHint(status); hint != "" {
		return hint
	}
	return "check the proxy's log"
}
