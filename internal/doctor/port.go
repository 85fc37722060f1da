package doctor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"golang.org/x/sys/unix"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/remote"
)

// listens returns the addresses that the server reports or, if it reports none, those in these settings.
func (d *doctor) listens() []admin.Listener {
	if d.told() {
		return d.about.Listening
	}
	var all []admin.Listener
	for _, a := range d.cfg.Addresses() {
		all = append(all, admin.Listener{Addr: a.String(), TLS: d.cfg.TLSCert != "" && a.Network == "tcp"})
	}
	return all
}

// told reports whether listens returns what the server reported.
func (d *doctor) told() bool { return d.about != nil && len(d.about.Listening) > 0 }

// ports returns the ports of listens.
func (d *doctor) ports() (all []int) {
	for _, l := range d.listens() {
		if port := portOf(l.Addr); port != 0 {
			all = append(all, port)
		}
	}
	return all
}

// portOf returns the port of an address, 0 if it has none.
func portOf(addr string) int {
	if config.ParseAddress(addr).Network != "tcp" {
		return 0
	}
	_, text, _ := net.SplitHostPort(addr)
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return 0
	}
	return port
}

// listeners checks that the server can have its addresses, or has them.
func (d *doctor) listeners() {
	present := d.told() || d.running() && d.known("CHATME_ADDR")
	if !present && !d.known("CHATME_ADDR") {
		d.unsettled("port")
		return
	}
	for _, l := range d.listens() {
		a := config.ParseAddress(l.Addr)
		switch {
		case a.Network == "unix" && present:
			d.socketAnswers(l, a.Text)
		case a.Network == "unix":
			d.socketFree(a.Text)
		case present:
			d.portAnswers(l)
		default:
			d.portFree(l.Addr)
		}
	}
}

// portFree checks that a server could listen on addr.
func (d *doctor) portFree(addr string) {
	listener, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		listener.Close()
		d.ok("port", "%s is free", addr)
	case errors.Is(err, unix.EADDRINUSE):
		d.taken("port", addr, portHolder(portOf(addr)), "ss -ltnp")
	case errors.Is(err, unix.EACCES):
		d.unchecked("port", "this user cannot listen on "+addr+"; the server's user perhaps can",
			"use a port above 1023 with a proxy in front, or deploy/chatme.socket, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit")
	case errors.Is(err, unix.EADDRNOTAVAIL):
		d.problem("port", err.Error(), "set CHATME_ADDR to an address of this machine")
	default:
		d.unknown("port", err, "set CHATME_ADDR to an address of this machine")
	}
}

// taken reports an address that another process, 0 if it is not known, listens on. list is the command that finds it.
func (d *doctor) taken(check, addr string, holder int, list string) {
	switch {
	case holder == 1 && strings.Contains(named(holder), "(systemd)"):
		d.ok(check, "%s is held by systemd, which passes it to the server at startup", addr)
	case holder != 0:
		d.problem(check, fmt.Sprintf("%s is in use by %s", addr, named(holder)), "stop that process, or set CHATME_ADDR to another address")
	default:
		d.warning(check, addr+" is in use by a process that this user cannot see",
			fmt.Sprintf(`ignore this if chatme.socket holds it; otherwise find the process with "%s" as root and stop it, or set CHATME_ADDR to another address`, list))
	}
}

// portHolder returns the process that listens on a port, 0 if it is not known.
func portHolder(port int) int {
	rows, _ := tcpSockets()
	for _, row := range rows {
		if row.state == tcpListening && int(row.local.Port()) == port {
			return socketHolder(row.inode)
		}
	}
	return 0
}

// portAnswers checks that the running server answers at an address.
func (d *doctor) portAnswers(l admin.Listener) {
	response, body, err := d.get(localURL(l)+"/healthz", "")
	if d.healthy("port", l.Addr, response, body, err) {
		if holder := portHolder(portOf(l.Addr)); holder > 1 && d.server.pid != 0 && holder != d.server.pid && !d.told() {
			d.problem("port", fmt.Sprintf("%[2]s answers on %[1]s, not this database's server", l.Addr, named(holder)),
				"check that the server runs with these settings; name its own with --config, or restart it")
			return
		}
		d.ok("port", "the server answers on %s%s", l.Addr, d.elsewhere(l))
	}
}

// healthy reports whether the server answered at addr, which it reported or, if it reports none, is in these settings.
// Otherwise it adds a finding.
func (d *doctor) healthy(check, addr string, response *http.Response, body string, err error) bool {
	switch {
	case err != nil && d.told():
		d.problem(check, fmt.Sprintf("the server reports that it listens on %s, but does not answer there: %v", addr, err),
			"check whether it is in another network namespace (a container); otherwise check its log and restart it")
	case err != nil:
		d.unknown(check, fmt.Errorf("nothing answers on %s, the address in these settings, and the server does not report its own: %w", addr, err),
			"check that the server runs with these settings; name its own with --config")
	case response.StatusCode == http.StatusServiceUnavailable:
		d.warning(check, "the server on "+addr+" is shutting down", "wait, then try again")
	case response.StatusCode != http.StatusOK || strings.TrimSpace(body) != "ok":
		d.problem(check, "something other than this server answers on "+addr, "check that the server runs with these settings; name its own with --config, or restart it")
	default:
		return true
	}
	return false
}

// elsewhere returns a note if these settings name another port than that of l.
func (d *doctor) elsewhere(l admin.Listener) string {
	if !d.known("CHATME_ADDR") {
		return ""
	}
	for _, a := range d.cfg.Addresses() {
		if set := portOf(a.String()); a.Network == "tcp" && (set == 0 || set == portOf(l.Addr)) {
			return ""
		}
	}
	if l.Inherited {
		return ", which systemd holds; CHATME_ADDR (" + d.cfg.Addr + ") is ignored"
	}
	return "; in these settings CHATME_ADDR is " + d.cfg.Addr
}

// localURL returns the URL of a port on this machine, bypassing every proxy.
func localURL(l admin.Listener) string {
	host, port, _ := net.SplitHostPort(l.Addr)
	switch ip := net.ParseIP(host); {
	case host == "", ip != nil && ip.IsUnspecified():
		host = "127.0.0.1"
	}
	scheme := "http://"
	if l.TLS {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}

// get sends one request. It does not verify the certificate, which other checks examine.
func (d *doctor) get(url, accept string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(d.ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return remote.DoOnce(r, d.cmd.Timeout, func(t *http.Transport) { t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} })
}
