package operator

import (
	"context"
	"fmt"
	"time"

	"chatme/internal/cli"
	"chatme/internal/exit"
)

// healthTimeout is how long the server may take to answer how it is.
const healthTimeout = 5 * time.Second

type HealthcheckCmd struct{ cli.Place }

// Help returns the text after the flags.
func (HealthcheckCmd) Help() string {
	return `Asks the server over its admin socket. The exit code is 0 when it is ready, 1 when it is not or does not answer,
each with one line that says so. It writes nothing.

Example: chatme healthcheck --db /var/lib/chatme/chatme.db

In a Dockerfile: HEALTHCHECK CMD ["/chatme", "healthcheck"]`
}

// Run asks /readyz, and falls back on nothing else. Whatever is wrong, a container's runtime knows only 0 and 1.
func (c *HealthcheckCmd) Run(p *cli.Program) error {
	return exit.WithCode(exit.Failure, c.check(p))
}

func (c *HealthcheckCmd) check(p *cli.Program) error {
	server, err := p.Admin(c.Place)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.Ctx, healthTimeout)
	defer cancel()
	ready, reason, err := server.Ready(ctx)
	if err != nil {
		return err
	}
	if !ready {
		return fmt.Errorf("not ready: %s", reason)
	}
	_, err = fmt.Fprintln(p.Stdout, "ready")
	return err
}
