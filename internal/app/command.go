package app

import "chatme/internal/cli"

type ServeCmd struct {
	cli.Settings

	Wrap Wrap `kong:"-"`
}

// Help returns the text after the flags.
func (ServeCmd) Help() string {
	return `Serves until SIGTERM or SIGINT, tells everybody to come back, and ends with 0. SIGHUP reads the settings again. What each
exit code means, and what each setting is for, is in docs/operations.md.

Example: chatme serve --config /etc/chatme/chatme.conf

Example: WEB_API_KEY=some-key chatme serve --addr 127.0.0.1:8787 --db /var/lib/chatme/chatme.db`
}

// Run serves until a signal comes or the server cannot go on.
func (c *ServeCmd) Run(p *cli.Program) error {
	cfg, err := Configure(p, c.Settings, nil)
	if err != nil {
		return err
	}
	cfg.hangupReloads, cfg.wrap = true, c.Wrap
	return Serve(p.Ctx, cfg, nil, p.Stderr)
}
