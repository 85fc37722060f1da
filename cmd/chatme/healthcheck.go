package main

import (
	"context"
	"fmt"
	"time"
)

// healthTimeout is how long the server may take to answer how it is.
const healthTimeout = 5 * time.Second

type healthcheckCmd struct{ place }

// Help is the text behind the flags.
func (healthcheckCmd) Help() string {
	return `Asks the server over its admin socket. The exit code is 0 when it is ready, 1 when it is not or does not answer,
each with one line that says so. It writes nothing.

Example: chatme healthcheck --db /var/lib/chatme/chatme.db

In a Dockerfile: HEALTHCHECK CMD ["/chatme", "healthcheck"]`
}

// Run asks /readyz, and falls back on nothing else. Whatever is wrong, a container's runtime knows only 0 and 1.
func (c *healthcheckCmd) Run(p *program) error {
	return withCode(exitFailure, c.check(p))
}

func (c *healthcheckCmd) check(p *program) error {
	server, err := p.admin(c.place)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, healthTimeout)
	defer cancel()
	ready, reason, err := server.Ready(ctx)
	if err != nil {
		return err
	}
	if !ready {
		return fmt.Errorf("not ready: %s", reason)
	}
	_, err = fmt.Fprintln(p.stdout, "ready")
	return err
}
