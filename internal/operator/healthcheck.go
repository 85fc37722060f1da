package operator

import (
	"context"
	"fmt"
	"time"

	"chatme/internal/cli"
	"chatme/internal/exit"
)

// healthTimeout is how long the server may take to answer a health check.
const healthTimeout = 5 * time.Second

type HealthcheckCmd struct{ cli.Place }

// Help returns the text after the flags.
func (HealthcheckCmd) Help() string {
	return `Asks the server over its admin socket and prints one line. The exit code is 0 if the server is ready, and 1 if it is not
or does not answer. The command writes no files.

Example: chatme healthcheck --db /var/lib/chatme/chatme.db

In a Dockerfile: HEALTHCHECK CMD ["/chatme", "healthcheck"]`
}

// Run asks /readyz and nothing else. Every failure is 1, because container runtimes know only 0 and 1.
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
