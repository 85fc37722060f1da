package doctor

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"golang.org/x/sys/unix"

	"chatme/internal/remote"
)

// listens returns the address that the server reports or, if it reports none, the one in these settings.
func (d *doctor) listens() (addr string, secure bool) {
	if d.about != nil && len(d.about.Listening) > 0 {
		return d.about.Listening[0].Addr, d.about.Listening[0].TLS
	}
	return d.cfg.Addr, d.cfg.TLSCert != ""
}

// told reports whether listens returns what the server reported.
func (d *doctor) told() bool { return d.about != nil && len(d.about.Listening) > 0 }

// port checks that the server can have its address, or has it.
func (d *doctor) port() {
	switch {
	case d.told() || d.running() && d.known("CHATME_ADDR"):
		d.answers()
	case !d.known("CHATME_ADDR"):
		d.unsettled("port")
	default:
		d.free()
	}
}

// free checks that a server could listen.
func (d *doctor) free() {
	listener, err := net.Listen("tcp", d.cfg.Addr)
	switch {
	case err == nil:
		listener.Close()
		d.ok("port", "%s is free", d.cfg.Addr)
	case errors.Is(err, unix.EADDRINUSE):
		d.taken()
	case errors.Is(err, unix.EACCES):
		d.unchecked("port", "this user cannot listen on "+d.cfg.Addr+"; the server's user perhaps can",
			"use a port above 1023 with a proxy in front, or deploy/chatme.socket, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit")
	case errors.Is(err, unix.EADDRNOTAVAIL):
		d.problem("port", err.Error(), "set CHATME_ADDR to an address of this machine")
	default:
		d.unknown("port", err, "set CHATME_ADDR to an address of this machine")
	}
}

// taken reports a port that another process listens on.
func (d *doctor) taken() {
	holder := d.listening()
	switch {
	case holder == 1 && strings.Contains(named(holder), "(systemd)"):
		d.ok("port", "%s is held by systemd, which passes it to the server at startup", d.cfg.Addr)
	case holder != 0:
		d.problem("port", fmt.Sprintf("%s is in use by %s", d.cfg.Addr, named(holder)), "stop that process, or set CHATME_ADDR to another address")
	default:
		d.warning("port", d.cfg.Addr+" is in use by a process that this user cannot see",
			`ignore this if chatme.socket holds it; otherwise find the process with "ss -ltnp" as root and stop it, or set CHATME_ADDR to another address`)
	}
}

// listening returns the process that listens on the server's port, 0 if it is not known.
func (d *doctor) listening() int {
	addr, _ := d.listens()
	_, text, _ := net.SplitHostPort(addr)
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return 0
	}
	rows, _ := tcpSockets()
	for _, row := range rows {
		if row.state == tcpListening && int(row.local.Port()) == port {
			return socketHolder(row.inode)
		}
	}
	return 0
}

// answers checks that the running server answers at the address that it reports or, if it reports none, at the one in
// these settings.
func (d *doctor) answers() {
	addr, _ := d.listens()
	response, body, err := d.get(d.localURL()+"/healthz", "")
	switch {
	case err != nil && d.told():
		d.problem("port", fmt.Sprintf("the server reports that it listens on %s, but does not answer there: %v", addr, err),
			"check whether it is in another network namespace (a container); otherwise check its log and restart it")
	case err != nil:
		d.unknown("port", fmt.Errorf("nothing answers on %s, the address in these settings, and the server does not report its own: %w", addr, err),
			"check that the server runs with these settings; name its own with --config")
	case response.StatusCode == http.StatusServiceUnavailable:
		d.warning("port", "the server on "+addr+" is shutting down", "wait, then try again")
	case response.StatusCode != http.StatusOK || strings.TrimSpace(body) != "ok":
		d.problem("port", "something other than this server answers on "+addr, "check that the server runs with these settings; name its own with --config, or restart it")
	default:
		if holder := d.listening(); holder > 1 && d.server.pid != 0 && holder != d.server.pid && !d.told() {
			d.problem("port", fmt.Sprintf("%[2]s answers on %[1]s, not this database's server", addr, named(holder)),
				"check that the server runs with these settings; name its own with --config, or restart it")
			return
		}
		d.ok("port", "the server answers on %s%s", addr, d.elsewhere(addr))
	}
}

// elsewhere returns a note if these settings name another port than addr.
func (d *doctor) elsewhere(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	_, set, _ := net.SplitHostPort(d.cfg.Addr)
	switch {
	case !d.known("CHATME_ADDR") || set == "0" || set == port:
		return ""
	case d.about.Listening[0].Inherited:
		return ", which systemd holds; CHATME_ADDR (" + d.cfg.Addr + ") is ignored"
	}
	return "; in these settings CHATME_ADDR is " + d.cfg.Addr
}

// localURL returns the server's URL on this machine, bypassing every proxy.
func (d *doctor) localURL() string {
	addr, secure := d.listens()
	host, port, _ := net.SplitHostPort(addr)
	switch ip := net.ParseIP(host); {
	case host == "", ip != nil && ip.IsUnspecified():
		host = "127.0.0.1"
	}
	scheme := "http://"
	if secure {
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
	return remote.DoOnce(r, d.cmd.Timeout, &tls.Config{InsecureSkipVerify: true})
}
