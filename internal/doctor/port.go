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

// listens is where the server is found: where it says so itself or, if it does not, where these settings say.
func (d *doctor) listens() (addr string, secure bool) {
	if d.about != nil && len(d.about.Listening) > 0 {
		return d.about.Listening[0].Addr, d.about.Listening[0].TLS
	}
	return d.cfg.Addr, d.cfg.TLSCert != ""
}

// told reports that listens is what the server says.
func (d *doctor) told() bool { return d.about != nil && len(d.about.Listening) > 0 }

// port is whether the server can have its address, or has it.
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

// free is whether a server could listen.
func (d *doctor) free() {
	listener, err := net.Listen("tcp", d.cfg.Addr)
	switch {
	case err == nil:
		listener.Close()
		d.ok("port", "%s is free", d.cfg.Addr)
	case errors.Is(err, unix.EADDRINUSE):
		d.taken()
	case errors.Is(err, unix.EACCES):
		d.unchecked("port", d.cfg.Addr+" is not for this user to listen on; for the server's user it may be",
			"use a port above 1023 with a proxy in front, or deploy/chatme.socket, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit")
	case errors.Is(err, unix.EADDRNOTAVAIL):
		d.problem("port", err.Error(), "name an address of this machine with CHATME_ADDR")
	default:
		d.unknown("port", err, "name an address of this machine with CHATME_ADDR")
	}
}

// taken is a port that somebody else listens on.
func (d *doctor) taken() {
	holder := d.listening()
	switch {
	case holder == 1 && strings.Contains(named(holder), "(systemd)"):
		d.ok("port", "%s is held by systemd, which hands it to the server as it starts", d.cfg.Addr)
	case holder != 0:
		d.problem("port", fmt.Sprintf("%s is taken by %s", d.cfg.Addr, named(holder)), "stop that, or name another address with CHATME_ADDR")
	default:
		d.warning("port", d.cfg.Addr+" is taken, by what is not visible to this user",
			`if chatme.socket holds it, all is well; otherwise find it with "ss -ltnp" as root, and stop it or name another address with CHATME_ADDR`)
	}
}

// listening is the process that listens on the server's port, 0 if that cannot be told.
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

// answers is whether the running server is found where it says, or if it says nothing, where these settings do.
func (d *doctor) answers() {
	addr, _ := d.listens()
	response, body, err := d.get(d.localURL()+"/healthz", "")
	switch {
	case err != nil && d.told():
		d.problem("port", fmt.Sprintf("the server says that it listens on %s, and does not answer there: %v", addr, err),
			"is this another network namespace (a container)? Otherwise look into its log, and restart it")
	case err != nil:
		d.unknown("port", fmt.Errorf("nothing answers on %s, where these settings have the server listen, and it does not say where it does: %w", addr, err),
			"is it started with these settings? Name its own with --config")
	case response.StatusCode == http.StatusServiceUnavailable:
		d.warning("port", "the server answers on "+addr+" that it is stopping", "wait, and look again")
	case response.StatusCode != http.StatusOK || strings.TrimSpace(body) != "ok":
		d.problem("port", "on "+addr+" answers something that is not this server", "is it started with these settings? Name its own with --config, or restart it")
	default:
		if holder := d.listening(); holder > 1 && d.server.pid != 0 && holder != d.server.pid && !d.told() {
			d.problem("port", fmt.Sprintf("on %s answers %s, and not the server of this database", addr, named(holder)),
				"is it started with these settings? Name its own with --config, or restart it")
			return
		}
		d.ok("port", "the server answers on %s%s", addr, d.elsewhere(addr))
	}
}

// elsewhere is what to add if these settings have the server listen on another port than addr.
func (d *doctor) elsewhere(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	_, set, _ := net.SplitHostPort(d.cfg.Addr)
	switch {
	case !d.known("CHATME_ADDR") || set == "0" || set == port:
		return ""
	case d.about.Listening[0].Inherited:
		return ", which systemd holds; CHATME_ADDR (" + d.cfg.Addr + ") does not count"
	}
	return "; in these settings CHATME_ADDR is " + d.cfg.Addr
}

// localURL is where the server is from here, past every proxy.
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

// get asks once. A certificate is not looked at: it is here not about that.
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
