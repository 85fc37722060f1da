package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"chatme/internal/admin"
	"chatme/internal/certificate"
	"chatme/internal/config"
	"chatme/internal/exit"
	"chatme/internal/unixsocket"
)

// listeners are the sockets at which clients and proxies reach the server.
type listeners struct {
	all       []net.Listener
	inherited bool // systemd holds them
}

// inheritListeners returns the listeners that systemd holds for this service (sd_listen_fds(3)). Closing them closes this
// process's descriptors but not the sockets: connections wait in their queues for the next process.
func inheritListeners() (l listeners, err error) {
	files := activation.Files(true)
	defer func() {
		for _, file := range files {
			file.Close() // the listener has a copy
		}
		if err != nil {
			err = exit.WithCode(exit.Config, errors.Join(err, l.close()))
		}
	}()
	for _, file := range files {
		listener, err := inherit(file)
		if err != nil {
			return l, err
		}
		l.all = append(l.all, listener)
	}
	l.inherited = len(files) > 0
	return l, nil
}

func inherit(file *os.File) (net.Listener, error) {
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("the socket that systemd passed (%s) does not listen; use ListenStream= and Accept=no", file.Name())
	}
	switch addr := listener.Addr(); {
	case addr.Network() == "tcp":
		return listener, nil
	case addr.Network() != "unix":
		err = fmt.Errorf("the socket that systemd passed (%s) is neither TCP nor a Unix stream socket; use ListenStream=", file.Name())
	case !filepath.IsAbs(addr.String()):
		err = fmt.Errorf("the Unix socket that systemd passed (%s) has no path, and so no permissions; write for example ListenStream=/run/chatme/http.sock", file.Name())
	default:
		return listener, nil
	}
	return nil, errors.Join(err, listener.Close())
}

// listenAt makes a listener for each address. If one fails, none is left.
func listenAt(addresses []config.Address) (l listeners, err error) {
	for _, a := range addresses {
		listener, err := listenAtOne(a)
		if err != nil {
			return listeners{}, errors.Join(err, l.close())
		}
		l.all = append(l.all, listener)
	}
	return l, nil
}

func listenAtOne(a config.Address) (net.Listener, error) {
	if a.Network != "unix" {
		return net.Listen(a.Network, a.Text)
	}
	listener, err := unixsocket.Listen(a.Text)
	switch {
	case errors.Is(err, unixsocket.ErrInUse), errors.Is(err, unixsocket.ErrOther):
		err = fmt.Errorf("listen on %s: %w; name another path (CHATME_ADDR)", a, err)
	case err != nil:
		err = fmt.Errorf("listen on %s: %w", a, err)
	}
	return listener, err
}

// close closes all listeners. It may be called again.
func (l listeners) close() (err error) {
	for _, each := range l.all {
		if e := each.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// about describes the listeners. With TLS, TCP is encrypted: a Unix socket is for a proxy on this machine.
func (l listeners) about(secure bool) (all []admin.Listener) {
	for _, each := range l.all {
		addr := each.Addr()
		all = append(all, admin.Listener{Addr: addressOf(addr), TLS: secure && addr.Network() == "tcp", Inherited: l.inherited})
	}
	return all
}

// warnOpen warns of a Unix socket that every local user may write to, and so dial: the server believes the client addresses
// that come through it.
func (l listeners) warnOpen(log *slog.Logger) {
	for _, each := range l.all {
		addr := each.Addr()
		if addr.Network() != "unix" {
			continue
		}
		if info, err := os.Stat(addr.String()); err == nil && info.Mode()&0o002 != 0 {
			log.Warn("proxy socket is open to every local user, who can claim any client address; set SocketMode=0660", "addr", addressOf(addr))
		}
	}
}

// behind puts the limit on arrivals in front of each listener and, if there is a certificate, TLS in front of each port.
func (l listeners) behind(bounded func(net.Listener) net.Listener, cert *certificate.Certificate) listeners {
	for i, each := range l.all {
		l.all[i] = bounded(each)
		if cert != nil && each.Addr().Network() == "tcp" {
			l.all[i] = cert.Listener(l.all[i])
		}
	}
	return l
}

// String returns the addresses as CHATME_ADDR has them.
func (l listeners) String() string {
	var all []string
	for _, each := range l.all {
		all = append(all, addressOf(each.Addr()))
	}
	return strings.Join(all, ",")
}

func addressOf(addr net.Addr) string {
	return config.Address{Network: addr.Network(), Text: addr.String()}.String()
}

// port returns the first TCP address, nil if there is none.
func (l listeners) port() net.Addr {
	for _, each := range l.all {
		if addr := each.Addr(); addr.Network() == "tcp" {
			return addr
		}
	}
	return nil
}
