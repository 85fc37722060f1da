package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"golang.org/x/sys/unix"
)

// port is whether the server can have its address, or has it.
func (d *doctor) port() {
	if d.server.pid != 0 {
		d.answers()
		return
	}
	listener, err := net.Listen("tcp", d.cfg.Addr)
	switch {
	case err == nil:
		listener.Close()
		d.ok("port", "%s is free", d.cfg.Addr)
	case errors.Is(err, unix.EADDRINUSE):
		d.taken()
	case errors.Is(err, unix.EACCES):
		d.problem("port", d.cfg.Addr+" is not for this user to listen on",
			"use a port above 1023 with a proxy in front, or deploy/chatme.socket, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit")
	default:
		d.problem("port", err.Error(), "name an address of this machine with CHATME_ADDR")
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
		d.problem("port", d.cfg.Addr+" is taken by another program", `find it with "ss -ltnp" as root; stop it, or name another address with CHATME_ADDR`)
	}
}

// listening is the process that listens on the configured port, 0 if that cannot be told.
func (d *doctor) listening() int {
	_, text, _ := net.SplitHostPort(d.cfg.Addr)
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

// answers is whether the running server is found where these settings say.
func (d *doctor) answers() {
	remedy := "is it started with these settings? Name its own with --config, or restart it"
	response, body, err := d.get(d.localURL()+"/healthz", "")
	switch {
	case err != nil:
		d.problem("port", fmt.Sprintf("the server does not answer on %s: %v", d.cfg.Addr, err), remedy)
	case response.StatusCode == http.StatusServiceUnavailable:
		d.warning("port", "the server answers on "+d.cfg.Addr+" that it is stopping", "wait, and look again")
	case response.StatusCode != http.StatusOK || strings.TrimSpace(body) != "ok":
		d.problem("port", "on "+d.cfg.Addr+" answers something that is not this server", remedy)
	default:
		if holder := d.listening(); holder > 1 && holder != d.server.pid {
			d.problem("port", fmt.Sprintf("on %s answers %s, and not the server of this database", d.cfg.Addr, named(holder)), remedy)
			return
		}
		d.ok("port", "the server answers on %s", d.cfg.Addr)
	}
}

// localURL is where the server is from here, past every proxy.
func (d *doctor) localURL() string {
	host, port, _ := net.SplitHostPort(d.cfg.Addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if d.cfg.TLSCert != "" {
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
	return doOnce(r, d.cmd.Timeout, &tls.Config{InsecureSkipVerify: true})
}
