package doctor

import (
	"context"
	"errors"
	"fmt"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/network"
)

const (
	// crowdedShare is the part of the sockets of the last hour that one network opens only if something is wrong…
	crowdedShare = 0.9
	// … and crowdedFrom is from how many sockets on that means anything.
	crowdedFrom = 50
)

// crowding checks whether the server can tell clients apart, by the networks of the sockets of the last hour.
func (d *doctor) crowding() {
	if d.about == nil {
		return // adminSocket reports why
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	found, err := admin.NewClient(d.cfg.AdminSocket()).Networks(ctx, 1)
	if _, older := errors.AsType[*admin.UnknownPathError](err); older {
		return
	}
	if err != nil {
		d.unknown("networks", err, "try again")
		return
	}
	d.crowd(found.Hour)
}

// crowd judges the network that opened most sockets.
func (d *doctor) crowd(hour admin.NetworkHour) {
	sockets := cli.Quantity(int64(hour.Sockets), "socket", "sockets")
	share := fmt.Sprintf("%.0f %% of the %s of the last hour", 100*hour.Share, sockets)
	switch {
	case hour.Sockets < crowdedFrom:
		d.ok("networks", "%s within the last hour, too few to compare networks", sockets)
	case hour.Share > crowdedShare && hour.Network == network.NoTag:
		d.warning("networks", share+" have no network, because they came through loopback or a Unix socket without a client address: no limit per network applies to them",
			remedyForward+"; ignore this if the clients are programs on this machine")
	case hour.Share > crowdedShare:
		d.warning("networks", fmt.Sprintf("one network (%s) opened %s: if it is a proxy, all clients share the limits of one network", hour.Network, share),
			"add the proxy to CHATME_TRUSTED_PROXIES, or let it use the Unix socket if it is on this machine; if all clients share an address, raise CHATME_NETWORK_SOCKETS; if it is an attack, see chatme networks")
	default:
		d.ok("networks", "the largest one opened %s", share)
	}
}
