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

// outside is what clients meet at the public address.
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

// dial tries an upgrade as a page at origin does, or as an app, and returns the status it was refused with: 0 if it
// was not.
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

// upgrade is whether a WebSocket comes through at all.
func (d *doctor) upgrade(to remote.Deployment) bool {
	status, err := d.dial(to, "")
	switch {
	case err != nil:
		d.problem("upgrade", fmt.Sprintf("%s: %v", to.Socket(), err), "is the proxy running, does it pass this path to the server, and is the server running?")
	case status == 0:
		d.ok("upgrade", "a WebSocket comes through to the server at %s", to.Socket())
		return true
	case status == http.StatusForbidden:
		d.problem("upgrade", "refused with 403, also without an origin: something in front of the server does that", "look into its rules and its log")
	default:
		d.problem("upgrade", fmt.Sprintf("refused with %d", status), remote.RefusalHint(status))
	}
	return false
}

// ownOrigin is whether the page that the server itself serves may connect. It always may, if the server knows by
// which name it was asked.
func (d *doctor) ownOrigin(to remote.Deployment) {
	switch status, err := d.dial(to, to.Origin()); {
	case err != nil:
		d.problem("origin", err.Error(), "look again")
	case status == 0:
		d.ok("origin", "the server's own page may connect")
	case status == http.StatusForbidden && !slices.Contains(d.cfg.AllowedOrigins, to.Origin()):
		d.problem("origin", "the server's own page is refused with 403: "+"the server is not told the name "+to.Host, hostRemedy(to))
	case status == http.StatusForbidden:
		d.problem("origin", to.Origin()+" is refused with 403, though it is in ALLOWED_ORIGINS here", "have the server read its settings again: chatme reload; and "+hostRemedy(to))
	default:
		d.problem("origin", fmt.Sprintf("the server's own page is refused with %d", status), remote.RefusalHint(status))
	}
}

// hostRemedy is the line that is missing in the proxy. $host of nginx is without a port.
func hostRemedy(to remote.Deployment) string {
	variable := "$host"
	if _, _, err := net.SplitHostPort(to.Host); err == nil {
		variable = "$http_host"
	}
	return `nginx's proxy_pass changes Host: add "proxy_set_header Host ` + variable + `;" beside it (Apache: ProxyPreserveHost On; Caddy passes it on by itself)`
}

// listedOrigins is whether the server lets those in whom the settings name.
func (d *doctor) listedOrigins(to remote.Deployment) {
	if !d.known("ALLOWED_ORIGINS") {
		return // which has been said
	}
	let := 0
	for _, origin := range d.cfg.AllowedOrigins {
		if origin == to.Origin() {
			continue
		}
		status, err := d.dial(to, origin)
		switch {
		case err != nil:
			d.problem("origin", fmt.Sprintf("%s: %v", origin, err), "look again")
		case status != 0:
			d.problem("origin", fmt.Sprintf("%s is in ALLOWED_ORIGINS here, and refused with %d", origin, status),
				"have the server read its settings again: chatme reload; if it has them, the proxy changes Origin")
		default:
			let++
		}
	}
	if let > 0 {
		d.ok("origin", "%s of ALLOWED_ORIGINS may connect", cli.Counted(let, "page"))
	}
}

func (d *doctor) foreignOrigin(to remote.Deployment) {
	switch status, err := d.dial(to, remote.ForeignOrigin); {
	case err != nil:
		d.problem("origin", err.Error(), "look again")
	case status == 0:
		d.problem("origin", "a page anywhere may connect: "+remote.ForeignOrigin+" was let in", "the proxy drops or rewrites Origin: have it passed on as it is")
	case status != http.StatusForbidden:
		d.warning("origin", fmt.Sprintf("a page at a foreign origin is refused with %d, and not with 403: old clients then try again", status), "look into the proxy's rules")
	default:
		d.ok("origin", "pages elsewhere are refused with 403")
	}
}

// page is whether / is what the settings say.
func (d *doctor) page(to remote.Deployment) {
	response, body, err := d.get(to.Page(), "text/html")
	if err != nil {
		d.problem("page", err.Error(), "is the proxy running, and does the name lead to it?")
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
		d.problem("page", fmt.Sprintf("%s is answered %s, and not with the page", to.Page(), response.Status), refusalHintPage(response.StatusCode))
	case wanted && d.cfg.WebDir == "" && d.known("CHATME_WEB_DIR") && !strings.Contains(body, "chatme"):
		d.warning("page", to.Page()+" shows a page that is not the built-in one", "does the proxy's location lead to the server?")
	case wanted:
		d.ok("page", "%s shows it", to.Page())
	case response.StatusCode == http.StatusUpgradeRequired:
		d.ok("page", "none, as the settings say")
	default:
		d.ok("page", "%s is answered %s; the server has none", to.Page(), response.Status)
	}
}

func refusalHintPage(status int) string {
	if status == http.StatusUpgradeRequired {
		return "the running server has its page switched off, or no web key: have it read its settings again (chatme reload)"
	}
	if hint := remote.RefusalHint(status); hint != "" {
		return hint
	}
	return "look into the proxy's log"
}
