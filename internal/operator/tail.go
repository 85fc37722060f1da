package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/exit"
	"chatme/internal/tail"
)

type TailCmd struct {
	cli.Place
	Type    []string `name:"type" placeholder:"TYPE" help:"Only events of this type; several, separated by commas."`
	Session string   `name:"session" placeholder:"SESSION" help:"Only events of the session with this s_ name or prefix."`
	Status  string   `name:"status" placeholder:"STATUS" help:"Only events with this status: error or ok."`
	JSON    bool     `name:"json" help:"Print one JSON object per line."`
	Count   int      `name:"count" short:"n" help:"End after this many events; 0: never."`
	Retry   bool     `name:"retry" help:"When the server stops, wait until it is back."`
}

// Help returns the text after the flags.
func (TailCmd) Help() string {
	return `Shows events in the running server as they happen, until Ctrl+C or until the server stops. A tail never slows down the
server: events that are not read in time are lost, and a "lost" event says how many. An event names sessions as the log
does, s_ and eight digits, and networks by their tag of the day, n_ and six. It holds no text, key, session ID or address.

The types, and what an event holds besides the time:
  upgrade   a socket and its network, or why it was refused
  auth      its session and network, legacy or resumable; or why it was refused
  resumed   the session's state, how long it was away, how many messages are resent; or why it was refused
  search    the session entered the queue
  matched   the partner, and how long the session had waited
  message   relayed, or held for a session that is away; text or image, and its size
  wait      the session or socket is over a rate: which, and its network; at most once a minute for each socket
  away      the session's socket was lost; the session can be resumed
  back      the session is back in its chat
  ended     the session's chat ended: who left, and how
  standing  the session starts or stops standing out, and its network
  error     the code of an error sent to the session
  closed    the code and reason, how long the socket was open, frames in and out
  commit    slow, failed, succeeding again
  kick, reload, server   what an operator did

Examples: chatme tail --status error
          chatme tail --type matched,ended --json | jq .ms
          chatme tail --session s_1a2b3c4d`
}

// filter returns the filter that the flags ask for.
func (c *TailCmd) filter() (tail.Filter, error) {
	q := url.Values{"type": c.Type, "session": {c.Session}, "status": {c.Status}}
	f, err := tail.ParseFilter(q)
	return f, exit.WithCode(exit.Config, err)
}

// Run shows events until the user, the server or the count ends it.
func (c *TailCmd) Run(p *cli.Program) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	server, err := p.Admin(c.Place)
	if err != nil {
		return err
	}
	t := &tailing{TailCmd: c, p: p, server: server, path: "/tail?" + filter.Query().Encode(), colour: p.Colours()}
	for {
		err := t.follow()
		switch {
		case p.Ctx.Err() != nil, errors.Is(err, errEnough):
			return nil
		case !t.connected || !c.Retry:
			return err
		}
		fmt.Fprintln(p.Stderr, "chatme: the server stopped; waiting until it is back (press Ctrl+C to stop)")
		if t.await() != nil {
			return nil
		}
	}
}

var errEnough = errors.New("the requested number of events was shown")

// tailing is the state of a running tail.
type tailing struct {
	*TailCmd
	p         *cli.Program
	server    *admin.Client
	path      string
	colour    bool
	connected bool // once, at least
	shown     int  // events
}

// follow shows events until the server stops. It returns nil if the shutdown was orderly.
func (t *tailing) follow() error {
	events, err := t.server.Stream(t.p.Ctx, http.MethodGet, t.path)
	if err != nil {
		return err
	}
	defer events.Close()
	t.connected = true
	fmt.Fprintf(t.p.Stderr, "chatme: connected to the server at %s; press Ctrl+C to stop\n", t.server.Path())
	lines := json.NewDecoder(events)
	for t.Count == 0 || t.shown < t.Count {
		var text json.RawMessage
		switch err := lines.Decode(&text); {
		case errors.Is(err, io.EOF):
			fmt.Fprintln(t.p.Stderr, "chatme: the server stopped")
			return nil
		case err != nil:
			return fmt.Errorf("the connection to the server was lost: %w", err)
		}
		if err := t.show(text); err != nil {
			return err
		}
		t.shown++
	}
	return errEnough
}

func (t *tailing) show(text json.RawMessage) error {
	if t.JSON {
		_, err := fmt.Fprintf(t.p.Stdout, "%s\n", text)
		return err
	}
	var line tail.Line
	if err := json.Unmarshal(text, &line); err != nil {
		return fmt.Errorf("cannot parse the server's answer (is it another version?): %w", err)
	}
	_, err := fmt.Fprintln(t.p.Stdout, prettyLine(&line, t.colour))
	return err
}

// retryEvery is how often a stopped server is looked for.
const retryEvery = 500 * time.Millisecond

// await returns once the server answers again, or with the error of the user's context.
func (t *tailing) await() error {
	poll := time.NewTicker(retryEvery)
	defer poll.Stop()
	for {
		select {
		case <-poll.C:
		case <-t.p.Ctx.Done():
			return t.p.Ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.p.Ctx, retryEvery)
		answer, err := t.server.Do(ctx, http.MethodGet, "/livez")
		cancel()
		if err == nil {
			answer.Body.Close()
			return nil
		}
	}
}
