package probe

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"chatme/internal/client"
	"chatme/internal/protocol"
	"chatme/internal/remote"
)

// handshake is who is let in, and who is not.
func (p *probe) handshake() probePart {
	return probePart{title: "The door", each: true, steps: []probeStep{
		{name: "a handshake without its upgrade is answered 426", run: p.plainRequest},
		{name: "OPTIONS from a page at " + p.origin + " is answered with what it may do", run: p.preflight},
		{name: "a page at " + p.origin + " is let in", run: p.letIn(client.Options{Origin: p.origin})},
		{name: "an app, which names no origin, is let in", run: p.letIn(client.Options{})},
		{name: "a page at another origin is refused with 403", run: p.foreignRefused},
		{name: "whoever searches before it authenticates is closed 4001", run: p.notAuthenticated},
		{name: "a wrong key hears auth_error and is closed 4001", run: p.wrongKey},
	}}
}

// request sends one HTTP request and returns its answer, with the beginning of the body.
func (p *probe) request(ctx context.Context, method, origin string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.to.Page(), nil)
	if err != nil {
		return nil, "", err
	}
	if method == http.MethodGet {
		r.Header.Set("Sec-WebSocket-Version", "13") // what is left of a handshake whose upgrade a proxy drops: no page for it
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", http.MethodGet)
	}
	began := time.Now()
	response, body, err := remote.DoOnce(r, p.within(p.timeout, stepTrips), nil)
	if err == nil {
		p.took(began)
	}
	return response, body, err
}

func (p *probe) plainRequest(ctx context.Context) error {
	response, _, err := p.request(ctx, http.MethodGet, "")
	switch {
	case err != nil:
		return err
	case response.StatusCode != http.StatusUpgradeRequired:
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}

func (p *probe) preflight(ctx context.Context) error {
	response, _, err := p.request(ctx, http.MethodOptions, p.origin)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s; %s", response.Status, remote.RefusalHint(response.StatusCode))
	}
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != p.origin {
		return fmt.Errorf("Access-Control-Allow-Origin is %q", got)
	}
	return nil
}

// letIn is a step in which somebody may connect, and goes again.
func (p *probe) letIn(o client.Options) func(context.Context) error {
	o.NoAuth = true
	return func(ctx context.Context) error {
		c, err := p.connect(ctx, o)
		if err != nil {
			return err
		}
		return c.Close(1000)
	}
}

func (p *probe) foreignRefused(ctx context.Context) error {
	c, err := client.Dial(ctx, p.to.Socket(), client.Options{NoAuth: true, Origin: remote.ForeignOrigin})
	if err == nil {
		c.Drop()
		return fmt.Errorf("%s was let in: a page anywhere can connect; does the proxy drop or rewrite Origin?", remote.ForeignOrigin)
	}
	return wantStatus(err, http.StatusForbidden)
}

// wantStatus takes an upgrade refused with this very status for a success.
func wantStatus(err error, status int) error {
	if refused, ok := err.(*client.RefusedError); ok && refused.Status == status {
		return nil
	}
	return explainRefusal(err)
}

func (p *probe) notAuthenticated(ctx context.Context) error {
	c, err := p.connect(ctx, client.Options{NoAuth: true})
	if err != nil {
		return err
	}
	if err := c.Search(); err != nil {
		return err
	}
	return expectRefusal(ctx, c)
}

func (p *probe) wrongKey(ctx context.Context) error {
	c, err := p.connect(ctx, client.Options{APIKey: "wrong on purpose, by chatme probe", Legacy: true})
	if err != nil {
		return err
	}
	return expectRefusal(ctx, c)
}

func expectRefusal(ctx context.Context, c *client.Client) error {
	if _, err := c.Expect(ctx, "auth_error"); err != nil {
		return err
	}
	return expectClose(ctx, c, protocol.CloseUnauthenticated)
}

// expectClose wants the server to close with code, and nothing before that.
func expectClose(ctx context.Context, c *client.Client, code int) error {
	m, err := c.Recv(ctx)
	switch end := c.CloseErr(); {
	case err == nil:
		return fmt.Errorf("want close %d, got %s", code, client.Describe(&m))
	case end == nil:
		return fmt.Errorf("want close %d: %w", code, err)
	case end.Code != code:
		return fmt.Errorf("want close %d, got: %w", code, end)
	}
	return nil
}

// expectQuiet wants nothing to be said before the answer to a ping, which the server gives in its turn.
func expectQuiet(ctx context.Context, c *client.Client) error {
	if err := c.Ping(); err != nil {
		return err
	}
	_, err := c.Expect(ctx, "pong")
	return err
}
