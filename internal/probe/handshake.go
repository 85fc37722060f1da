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

// handshake checks which clients are accepted and which are refused.
func (p *probe) handshake() probePart {
	return probePart{title: "Handshake", each: true, steps: []probeStep{
		{name: "a handshake without an upgrade gets 426", run: p.plainRequest},
		{name: "OPTIONS from a page at " + p.origin + " gets the allowed methods and headers", run: p.preflight},
		{name: "a page at " + p.origin + " is accepted", run: p.letIn(client.Options{Origin: p.origin})},
		{name: "an app, which sends no origin, is accepted", run: p.letIn(client.Options{})},
		{name: "a page at another origin is refused with 403", run: p.foreignRefused},
		{name: "search before auth gets auth_error and close 4001", run: p.notAuthenticated},
		{name: "a wrong key gets auth_error and close 4001", run: p.wrongKey},
	}}
}

// request sends one HTTP request and returns the response and the beginning of its body.
func (p *probe) request(ctx context.Context, method, origin string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.to.Page(), nil)
	if err != nil {
		return nil, "", err
	}
	if method == http.MethodGet {
		r.Header.Set("Sec-WebSocket-Version", "13") // the rest of a handshake whose upgrade a proxy dropped: it gets no page
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
		return fmt.Errorf("got %s", response.Status)
	}
	return nil
}

func (p *probe) preflight(ctx context.Context) error {
	response, _, err := p.request(ctx, http.MethodOptions, p.origin)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("got %s; %s", response.Status, remote.RefusalHint(response.StatusCode))
	}
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != p.origin {
		return fmt.Errorf("Access-Control-Allow-Origin is %q", got)
	}
	return nil
}

// letIn returns a step in which a client may connect, and then disconnects.
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
		return fmt.Errorf("%s was accepted: a page at any origin can connect; check whether the proxy drops or rewrites Origin", remote.ForeignOrigin)
	}
	return wantStatus(err, http.StatusForbidden)
}

// wantStatus returns nil if err is an upgrade refused with this status.
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

// expectClose requires that the server closes with code and sends nothing before that.
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

// expectQuiet requires that the server sends nothing before its answer to a ping, which comes in order.
func expectQuiet(ctx context.Context, c *client.Client) error {
	if err := c.Ping(); err != nil {
		return err
	}
	_, err := c.Expect(ctx, "pong")
	return err
}
