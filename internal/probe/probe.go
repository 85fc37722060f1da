// Package probe implements the command that plays clients through the whole protocol against a deployment.
package probe

import (
	"cmp"
	"errors"
	"time"

	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/exit"
	"chatme/internal/remote"
)

type Cmd struct {
	URL          string        `arg:"" name:"url" help:"URL of the server: ws://, wss://, http:// or https://, with the path that clients use."`
	APIKey       string        `name:"api-key" placeholder:"KEY" help:"API key of both clients."`
	WebAPIKey    string        `name:"web-api-key" placeholder:"KEY" help:"API key of the web client."`
	MobileAPIKey string        `name:"mobile-api-key" placeholder:"KEY" help:"API key of the mobile client."`
	Config       string        `name:"config" placeholder:"FILE" help:"Settings file to take the keys from if no key is given, as the server reads it (default: the environment, .dev.vars, .env)."`
	Origin       string        `placeholder:"ORIGIN" help:"Origin of the web client's page, scheme://host[:port] (default: that of the URL)."`
	Timeout      time.Duration `default:"5s" help:"Time limit for a step; where round trips are slow, a number of them instead (duration)."`
	JSON         bool          `name:"json" help:"Print one JSON object instead of lines."`
}

// Help returns the detailed help.
func (c *Cmd) Help() string {
	return `Plays a legacy web client, a legacy mobile client and resumable clients through the whole protocol against a server:
which clients are accepted, matching, messages and images in both directions, Next, leaving; and resuming after a lost
socket, with the messages held meanwhile. If a server has no resumable sessions, that part is "not offered".

It is safe to run on a server in use. It needs a moment in which no other client waits for a partner: if one of its
clients is matched with a stranger, it sends no message, leaves, and tries again a few times. Each run sends one wrong
key on purpose.

The exit code is 0 if everything passed, otherwise 1. Keys are never printed. Without the key flags, the keys come from
the settings, which keeps them out of the process list.

Example: chatme probe wss://chat.example.org --config /etc/chatme/chatme.conf`
}

// Validate checks the flags.
func (c *Cmd) Validate() error {
	_, err := remote.Parse(c.URL)
	switch {
	case err != nil:
		return err
	case c.APIKey != "" && (c.WebAPIKey != "" || c.MobileAPIKey != ""):
		return errors.New("--api-key is the key of both clients; use either it or --web-api-key and --mobile-api-key")
	case c.Timeout <= 0:
		return errors.New("--timeout: must be more than 0")
	}
	return nil
}

// Run plays the clients and reports what passed.
func (c *Cmd) Run(p *cli.Program) error {
	keys, err := c.keys(p)
	if err != nil {
		return err
	}
	to, err := remote.Parse(c.URL)
	if err != nil {
		return err
	}
	report := newProbeReport(c, to, p.Stdout)
	probe := &probe{
		to: to, keys: keys, origin: cmp.Or(c.Origin, to.Origin()), timeout: c.Timeout, report: report,
	}
	probe.run(p.Ctx)
	return report.finish()
}

// probeKeys are the API keys of the clients.
type probeKeys struct{ web, mobile string }

// keys returns the keys of the flags or else of the settings. A client without its own key uses the other's.
func (c *Cmd) keys(p *cli.Program) (probeKeys, error) {
	k := probeKeys{cmp.Or(c.APIKey, c.WebAPIKey), cmp.Or(c.APIKey, c.MobileAPIKey)}
	if k == (probeKeys{}) {
		cfg, _, err := config.Load(config.Sources{Environ: p.Environ, File: c.Config})
		if err != nil {
			return k, exit.WithCode(exit.Config, errors.Join(errors.New("no key: give --api-key, or fix the settings with the keys; their errors follow"), err))
		}
		k = probeKeys{newest(cfg.WebAPIKeys), newest(cfg.MobileAPIKeys)}
	}
	k.web, k.mobile = cmp.Or(k.web, k.mobile), cmp.Or(k.mobile, k.web)
	return k, nil
}

// newest returns the first key, which the page uses too; "" if there is none.
func newest(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}
