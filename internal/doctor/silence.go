package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/remote"
)

const (
	// silenceMargin is how late a ping may be: the server checks a socket about every two seconds.
	silenceMargin = 5 * time.Second
	// mostSilence bounds how long doctor waits for a ping.
	mostSilence = 2 * time.Minute
)

// silence is the outcome of a socket that carries only the server's pings.
type silence struct {
	unheld error         // why there was no such socket
	lasted time.Duration // until the ping, the end of the socket, or the end of the wait
	pinged bool          // a ping came
	end    *client.CloseError
}

// holdSilence starts holding a socket through the public address until the server pings it. The function that it returns
// waits for the outcome.
func (d *doctor) holdSilence(to remote.Deployment) (await func() silence) {
	held := make(chan silence, 1)
	go func() { held <- d.hold(to) }()
	return func() silence { return <-held }
}

// interval returns the server's ping interval.
func (d *doctor) interval() (time.Duration, bool) {
	if d.about != nil {
		return time.Duration(d.about.PingMs) * time.Millisecond, true
	}
	return d.cfg.PingInterval.Duration, d.known("CHATME_PING_INTERVAL")
}

func (d *doctor) hold(to remote.Deployment) silence {
	interval, known := d.interval()
	if !known {
		return silence{unheld: errors.New("it depends on settings that are not known: " + d.unread)}
	}
	keys := append(append([]string(nil), d.cfg.WebAPIKeys...), d.cfg.MobileAPIKeys...)
	if len(keys) == 0 || !d.known("WEB_API_KEY") || !d.known("MOBILE_API_KEY") {
		return silence{unheld: errors.New("holding a socket needs a key")}
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	pongs := make(chan struct{}, 16)
	// A legacy client that does not search leaves no trace in the database.
	c, err := client.Dial(ctx, to.Socket(), client.Options{APIKey: keys[0], Legacy: true, Ponged: func(int) { pongs <- struct{}{} }})
	if err != nil {
		return silence{unheld: err}
	}
	defer c.Drop()
	if _, err := c.Greet(ctx); err != nil {
		return silence{unheld: err}
	}
	select { // the ping that follows auth
	case <-pongs:
	case <-c.Done():
	case <-ctx.Done():
	}
	began := time.Now()
	limit := time.NewTimer(min(interval+silenceMargin, mostSilence))
	defer limit.Stop()
	s := silence{}
	select {
	case <-pongs:
		s.pinged = true
	case <-c.Done():
		s.end = c.CloseErr()
	case <-limit.C:
	case <-d.ctx.Done():
		s.unheld = d.ctx.Err()
	}
	s.lasted = time.Since(began)
	return s
}

// silent checks that everything in front of the server lets a socket be silent for as long as the server does.
func (d *doctor) silent(s silence) {
	interval, _ := d.interval()
	const remedy = `raise its timeout above the ping interval (nginx: "proxy_read_timeout 75s;" and "proxy_send_timeout 75s;"), or lower CHATME_PING_INTERVAL and restart the server`
	switch {
	case s.unheld != nil:
		d.unchecked("silence", "a silent socket was not tried: "+s.unheld.Error(), "")
	case s.pinged:
		d.ok("silence", "a silent socket stays open until the server's next ping (%s)", cli.Elapsed(s.lasted))
	case s.end != nil && serverCloses(s.end.Code):
		d.unchecked("silence", "the server closed the socket during the check: "+s.end.Error(), "try again")
	case s.end != nil && !d.sameServer():
		d.unchecked("silence", "the socket ended after "+cli.Elapsed(s.lasted)+", and the server may have stopped too: "+s.end.Error(), "try again")
	case s.end != nil:
		d.problem("silence", fmt.Sprintf("something in front of the server closed a silent socket after %s, but the server pings every %s: quiet clients keep getting disconnected", cli.Elapsed(s.lasted), cli.Elapsed(interval)), remedy)
	case interval+silenceMargin > mostSilence:
		d.unchecked("silence", fmt.Sprintf("a silent socket stayed open for %s; the server pings only every %s", cli.Elapsed(s.lasted), cli.Elapsed(interval)), "set CHATME_PING_INTERVAL below the shortest timeout of any proxy")
	default:
		d.warning("silence", fmt.Sprintf("no ping from the server arrived in %s, although it pings every %s: something in front of it drops them", cli.Elapsed(s.lasted), cli.Elapsed(interval)),
			"make the proxy pass on WebSocket control frames; without them the server cannot tell which clients are still connected")
	}
}

// serverCloses reports whether a close code comes from the server, not from a proxy or a lost connection.
func serverCloses(code int) bool {
	return code == 1008 || code == 1009 || code == 1012 || code == 1013 || code >= 4000 && code != client.CloseLost
}

// sameServer reports whether the server that was asked first still runs.
func (d *doctor) sameServer() bool {
	if d.about == nil {
		return true
	}
	before := *d.about
	again := *d
	again.about = nil
	again.ask()
	return again.about != nil && again.about.Boot == before.Boot && again.about.Process == before.Process
}
