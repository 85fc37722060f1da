package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/gorilla/websocket"

	"chatme/internal/admin"
	"chatme/internal/remote"
	"chatme/internal/server"
)

const (
	// doctorSockets is how many sockets doctor opens to see from which address they reach the server.
	doctorSockets = 4
	// seenSockets is how many of them must be new: a proxy sends some over connections that it kept open.
	seenSockets = 2

	// remedyForward is for a proxy that does not forward client addresses.
	remedyForward = `make the proxy set the header; in nginx add "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" next to proxy_pass (Apache and Caddy do this by default)`
)

// proxies checks that the server can tell clients apart behind whatever the public address leads through.
func (d *doctor) proxies(to remote.Deployment) {
	const how = "run this on the server's machine, with its settings"
	from, direct, err := d.through(to)
	if err != nil {
		d.unchecked("proxy", err.Error(), how)
		return
	}
	if d.about == nil {
		d.proxyByKernel(from, direct)
		return
	}
	plain, err := d.trace(to, "")
	if err != nil {
		d.unchecked("proxy", err.Error(), how)
		return
	}
	forged, err := d.trace(to, server.ForgedAddr)
	if err != nil {
		d.unchecked("proxy", err.Error(), how)
		return
	}
	d.traces(to, from, plain, forged)
}

// proxyByKernel judges only from where sockets arrive, for a server that reports nothing more.
func (d *doctor) proxyByKernel(from netip.Addr, direct bool) {
	const how = "run this on the server's machine, with its settings; a proxy must send X-Forwarded-For and be in CHATME_TRUSTED_PROXIES"
	_, known := d.trusted()
	switch {
	case direct:
		d.ok("proxy", "none: clients reach the server directly")
	case !known:
		d.unsettled("proxy")
	case !from.IsValid():
		d.unchecked("proxy", "the server could not be asked, and the source of its connections is not visible here", how)
	case !d.trusts(from):
		d.problem("proxy", fmt.Sprintf("clients arrive through %s, which the server does not trust: all of them appear to have that one address", from),
			fmt.Sprintf("add %s/%d to CHATME_TRUSTED_PROXIES", from, from.BitLen()))
	default:
		d.ok("proxy", "clients arrive through %s, which is trusted", from)
		d.unchecked("proxy", "the server could not be asked whether the proxy sends X-Forwarded-For, and whether it passes on a client's own", how)
	}
}

// traces judges how two requests arrived: plain as clients send them, and forged with the client's own X-Forwarded-For.
func (d *doctor) traces(to remote.Deployment, from netip.Addr, plain, forged server.Trace) {
	what, suffer := "something in front of the server", "all of them appear to have that one address"
	switch {
	case plain.Local:
		what, suffer = "a proxy on the Unix socket", "none of them has an address, and no limit per address applies"
	case from.IsValid():
		what = from.String()
		if from.IsLoopback() {
			suffer += ", which counts as none: no limit per address applies"
		}
	}
	switch {
	case !plain.Seen || !forged.Seen:
		d.unchecked("proxy", "a request to "+to.Socket()+" did not reach this server as it was sent", "check whether the address leads to another server, or the proxy drops unknown headers")
	case plain.Direct:
		d.ok("proxy", "none: clients reach the server directly")
	case !plain.Trusted:
		d.untrusted(to, what, from, plain, forged)
	default:
		good := true
		if plain.Forwarded == 0 {
			good = false
			d.problem("proxy", fmt.Sprintf("clients arrive through %s, which is trusted but sends no X-Forwarded-For: %s", what, suffer), remedyForward)
		}
		if forged.ForgedLast {
			good = false
			d.problem("proxy", fmt.Sprintf("clients arrive through %s, which passes on the X-Forwarded-For that a client sends: each can claim any client address", what), remedyForward)
		}
		if plain.Forwarded > 1 && plain.Believed == 0 {
			good = false
			d.warning("proxy", fmt.Sprintf("in front of %s is another proxy, which the server does not trust: all clients behind it appear to have its address", what),
				"add its networks to CHATME_TRUSTED_PROXIES")
		}
		if good {
			d.ok("proxy", "clients arrive through %s, which is trusted and forwards their real addresses, whatever they claim", what)
		}
		if plain.Local && d.trustsLoopback() {
			d.warning("proxy", "clients arrive through the Unix socket, and the server also trusts loopback: any program on this machine can claim any client address",
				"set CHATME_TRUSTED_PROXIES= (empty), unless another proxy on this machine uses the port")
		}
	}
}

// untrusted reports an intermediary whose X-Forwarded-For the server does not trust. An intermediary that only rewrites
// addresses, as Docker does for requests from its own machine, is told from a proxy by what a proxy changes.
func (d *doctor) untrusted(to remote.Deployment, what string, from netip.Addr, plain, forged server.Trace) {
	remedy := "add its address to CHATME_TRUSTED_PROXIES"
	if from.IsValid() {
		remedy = fmt.Sprintf("add %s/%d to CHATME_TRUSTED_PROXIES", from, from.BitLen())
	}
	if plain.Forwarded > 0 || !forged.ForgedLast || to.Secure && !plain.TLS {
		d.problem("proxy", fmt.Sprintf("clients arrive through %s, which the server does not trust: all of them appear to have that one address", what), remedy)
		return
	}
	d.warning("proxy", fmt.Sprintf("clients arrive through %s, which the server does not trust: if it is a proxy, all of them appear to have that one address", what),
		"if it is a proxy: "+remedy+", and "+remedyForward+". If it only redirects packets, nothing is wrong")
}

// trace sends an upgrade with this X-Forwarded-For, "" for none, and asks the server how it arrived.
func (d *doctor) trace(to remote.Deployment, forwarded string) (a server.Trace, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	operator := admin.NewClient(d.cfg.AdminSocket())
	var request admin.Announced
	if err := operator.Post(ctx, "/trace", &request); err != nil {
		return a, err
	}
	header := http.Header{server.TraceHeader: {request.Number}}
	if forwarded != "" {
		header.Set("X-Forwarded-For", forwarded)
	}
	socket, _, err := websocket.DefaultDialer.DialContext(ctx, to.Socket(), header)
	if err != nil {
		return a, err
	}
	defer socket.Close()
	query := url.Values{"number": {request.Number}, "from": {localAddrOf(socket).String()}}
	err = operator.Get(ctx, "/trace?"+query.Encode(), &a)
	return a, err
}

func localAddrOf(socket *websocket.Conn) netip.AddrPort {
	addr, _ := netip.ParseAddrPort(socket.NetConn().LocalAddr().String())
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// through returns the address from which sockets to the public address reach the server, or that they arrive directly. The
// kernel shows this if the server is on this machine.
func (d *doctor) through(to remote.Deployment) (from netip.Addr, direct bool, err error) {
	before := d.established()
	own := map[netip.AddrPort]bool{}
	for range doctorSockets {
		ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
		socket, _, err := websocket.DefaultDialer.DialContext(ctx, to.Socket(), nil)
		cancel()
		if err != nil {
			return from, false, err
		}
		defer socket.Close()
		own[localAddrOf(socket)] = true
	}
	from, direct = arrived(before, d.established(), own)
	return from, direct, nil
}

// established returns the remote ends of the sockets at the server's ports.
func (d *doctor) established() map[netip.AddrPort]bool {
	ports := d.ports()
	all := map[netip.AddrPort]bool{}
	rows, _ := tcpSockets()
	for _, row := range rows {
		if row.state == tcpEstablished && slices.Contains(ports, int(row.local.Port())) {
			all[row.remote] = true
		}
	}
	return all
}

// arrived returns the address that most new sockets come from, or that they are doctor's own.
func arrived(before, after, own map[netip.AddrPort]bool) (from netip.Addr, direct bool) {
	fresh := map[netip.Addr]int{}
	for remote := range after {
		if before[remote] {
			continue
		}
		if own[remote] {
			return netip.Addr{}, true
		}
		fresh[remote.Addr()]++
	}
	most := seenSockets - 1
	for addr, n := range fresh {
		if n > most {
			from, most = addr, n
		}
	}
	return from, false
}
