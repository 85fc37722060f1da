package app

import "chatme/internal/cli"

type ServeCmd struct {
	cli.Settings

	Wrap Wrap `kong:"-"`
}

// Help returns the text after the flags.
func (ServeCmd) Help() string {
	return `Serves until SIGTERM or SIGINT, then tells every client to reconnect and exits with 0. SIGHUP reloads the settings. See
docs/operations.md for the exit codes and the settings.

Example: chatme serve --config /etc/chatme/chatme.conf

Example: WEB_API_KEY=some-key chatme serve --addr 127.0.0.1:8787 --db /var/lib/chatme/chatme.db`
}

// Run serves until a signal or until the server cannot continue.
func (c *ServeCmd) Run(p *cli.Program) error {
	cfg, err := Configure(p, c.Settings, nil)
	if err != nil {
		return err
	}
	cfg.hangupReloads, cfg.wrap = true, c.Wrap
	return Serve(p.Ctx, cfg, nil, p.Stderr)
}
