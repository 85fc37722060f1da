package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"chatme/internal/certificate"
	"chatme/internal/cli"
	"chatme/internal/remote"
)

// encryption checks that traffic to the public address is private. It returns false if no client would connect.
func (d *doctor) encryption(to remote.Deployment) bool {
	if to.Secure {
		if !d.certificate(to, nil) {
			return false
		}
		d.redirect(to)
		return true
	}
	if loopback(to.Host) {
		d.ok("TLS", "not needed within this machine")
	} else {
		d.warning("TLS", "none: anyone on the path can read the traffic, and a page on https:// cannot connect", "put a proxy with TLS in front (deploy/), or set CHATME_TLS_CERT and CHATME_TLS_KEY, and use https://")
	}
	return true
}

func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && addr.IsLoopback()
}

// certificate checks that clients accept the certificate, and for how long. If roots is nil, the system's authorities count.
func (d *doctor) certificate(to remote.Deployment, roots *x509.CertPool) bool {
	addr, name := to.Host, to.Host
	if host, _, err := net.SplitHostPort(addr); err == nil {
		name = host
	} else {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), "443")
		name = strings.Trim(name, "[]")
	}
	leaf, err := d.handshake(addr, &tls.Config{ServerName: name, RootCAs: roots})
	if err != nil {
		return d.badCertificate(addr, name, err)
	}
	d.expiry("the certificate of "+name, leaf)
	return true
}

// expiry reports how long a certificate is valid.
func (d *doctor) expiry(what string, leaf *x509.Certificate) {
	const remedy = "renew it, and check that the renewal timer is running (certbot renew; Caddy renews by itself and logs failures)"
	left := leaf.NotAfter.Sub(d.now)
	text := fmt.Sprintf("%s is valid until %s (%s)", what, leaf.NotAfter.UTC().Format(time.DateOnly), cli.Elapsed(left))
	switch {
	case left <= 0:
		d.problem("TLS", fmt.Sprintf("%s expired at %s UTC", what, leaf.NotAfter.UTC().Format(time.DateTime)), remedy)
	case left < certificate.Soon:
		d.warning("TLS", text, remedy)
	default:
		d.ok("TLS", "%s", text)
	}
}

// badCertificate reports why clients do not accept the certificate.
func (d *doctor) badCertificate(addr, name string, err error) bool {
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, isName := errors.AsType[x509.HostnameError](err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil && d.now.Before(invalid.Cert.NotBefore):
		d.problem("TLS", fmt.Sprintf("the certificate of %s is not valid before %s UTC", name, invalid.Cert.NotBefore.UTC().Format(time.DateTime)), "check the clock of this machine")
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil:
		d.problem("TLS", fmt.Sprintf("the certificate of %s expired at %s UTC", name, invalid.Cert.NotAfter.UTC().Format(time.DateTime)), "renew it, and reload the proxy")
	case isName:
		d.problem("TLS", fmt.Sprintf("the certificate is not for %s: %v", name, err), "get one for this name, or use the name that it is for")
	case isUnknown:
		d.problem("TLS", "the certificate of "+name+" is from an authority that clients do not know, or its chain is incomplete", "use one from a public authority (Let's Encrypt), and the file with the full chain (fullchain.pem)")
	default:
		d.problem("TLS", fmt.Sprintf("no TLS at %s: %v", addr, err), "check that a server that speaks TLS listens there")
	}
	return false
}

// handshake returns a server's certificate.
func (d *doctor) handshake(addr string, config *tls.Config) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	config.Time = func() time.Time { return d.now }
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// redirect checks that the name typed alone leads to the encrypted address.
func (d *doctor) redirect(to remote.Deployment) {
	if _, _, err := net.SplitHostPort(to.Host); err == nil {
		return // an address with a port is not typed alone
	}
	d.redirects("http://" + to.Host + "/")
}

func (d *doctor) redirects(plain string) {
	response, _, err := d.get(plain, "text/html")
	switch {
	case err != nil:
		d.ok("redirect", "nothing answers at %s", plain)
	case response.StatusCode/100 == 3 && strings.HasPrefix(response.Header.Get("Location"), "https://"):
		d.ok("redirect", "%s redirects to https", plain)
	case response.StatusCode == http.StatusOK || response.StatusCode == http.StatusUpgradeRequired:
		d.warning("redirect", plain+" serves without TLS too", `redirect it; in nginx: "return 301 https://$host$request_uri;" (Caddy does this by default)`)
	default:
		d.ok("redirect", "%s serves nothing (%s)", plain, response.Status)
	}
}
