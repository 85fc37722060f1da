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
	// silenceMargin is how late a ping may be: the server looks after a socket every two seconds or so.
	silenceMargin = 5 * time.Second
	// mostSilence bounds how long doctor waits for a ping.
	mostSilence = 2 * time.Minute
)

// silence is what became of a socket on which nothing is said but the server's pings.
type silence struct {
	unheld error         // why there was no such socket
	lasted time.Duration // until the ping, the end, or as long as was waited
	pinged bool          // a ping came
	end    *client.CloseError
}

// holdSilence begins to hold a socket through the public address until the server pings it, and returns how to hear what became of it.
func (d *doctor) holdSilence(to remote.Deployment) (await func() silence) {
	held := make(chan silence, 1)
	go func() { held <- d.hold(to) }()
	return func() silence { return <-held }
}

// interval is that of the server's pings.
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
		return silence{unheld: errors.New("without a key no socket can be held")}
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
	select { // the ping behind auth
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

// silent is whether everything in front of the server lets a socket be silent for as long as the server does.
func (d *doctor) silent(s silence) {
	interval, _ := d.interval()
	const remedy = `raise its timeout above the ping interval (nginx: "proxy_read_timeout 75s;" and "proxy_send_timeout 75s;"), or set CHATME_PING_INTERVAL to less and restart the server`
	switch {
	case s.unheld != nil:
		d.unchecked("silence", "whether a silent socket is left alone was not tried: "+s.unheld.Error(), "")
	case s.pinged:
		d.ok("silence", "a socket stays open without a word until the server's next ping (%s)", cli.Elapsed(s.lasted))
	case s.end != nil && serverCloses(s.end.Code):
		d.unchecked("silence", "the server closed the socket meanwhile: "+s.end.Error(), "look again")
	case s.end != nil && !d.sameServer():
		d.unchecked("silence", "the socket ended after "+cli.Elapsed(s.lasted)+", and so may the server have: "+s.end.Error(), "look again")
	case s.end != nil:
		d.problem("silence", fmt.Sprintf("something in front of the server cut a silent socket after %s, and the server pings every %s: quiet people are disconnected again and again", cli.Elapsed(s.lasted), cli.Elapsed(interval)), remedy)
	case interval+silenceMargin > mostSilence:
		d.unchecked("silence", fmt.Sprintf("a silent socket was left alone for %s; the server pings every %s only", cli.Elapsed(s.lasted), cli.Elapsed(interval)), "set CHATME_PING_INTERVAL to less than the shortest timeout of every proxy")
	default:
		d.warning("silence", fmt.Sprintf("no ping of the server came in %s, though it pings every %s: something in front keeps them", cli.Elapsed(s.lasted), cli.Elapsed(interval)),
			"have the proxy pass on WebSocket control frames; without them the server cannot tell who is still there")
	}
}

// serverCloses reports that a close code is one that the server gives, and not what a proxy or a lost connection leaves.
func serverCloses(code int) bool {
	return code == 1008 || code == 1009 || code == 1012 || code == 1013 || code >= 4000 && code != client.CloseLost
}

// sameServer reports that the server that was asked first still runs.
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
