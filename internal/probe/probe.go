// Package probe is the command that plays clients through the whole protocol against a deployment.
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
	URL          string        `arg:"" name:"url" help:"The deployment: ws://, wss://, http:// or https://, with the path that the clients use."`
	APIKey       string        `name:"api-key" placeholder:"KEY" help:"The key of both clients."`
	WebAPIKey    string        `name:"web-api-key" placeholder:"KEY" help:"The key of the web client."`
	MobileAPIKey string        `name:"mobile-api-key" placeholder:"KEY" help:"The key of the mobile client."`
	Config       string        `name:"config" placeholder:"FILE" help:"Without a key: the settings file to take the keys from, as the server reads it (default: the environment, .dev.vars, .env)."`
	Origin       string        `placeholder:"ORIGIN" help:"Origin of the page that the web client is in, scheme://host[:port] (default: that of the URL)."`
	Timeout      time.Duration `default:"5s" help:"How long a step may take; where round trips are slow, so many of them instead (duration)."`
	JSON         bool          `name:"json" help:"Print one JSON object in place of the lines."`
}

// Help is the text behind the flags.
func (c *Cmd) Help() string {
	return `An old web client, an old mobile client and a resumable one go through the whole protocol at the deployment: who is
let in, matching, messages and images both ways, Next, leaving; and coming back after a lost socket, with what was held
meanwhile. A server that has no resumable sessions is fine: that part is "not offered".

It may be used where people chat. It needs a moment in which nobody else waits for a partner: when one of its clients
is matched with a stranger it says nothing, leaves, and tries again a few times. Each run gives one wrong key on purpose.

The exit code is 0 if everything passed, otherwise 1. A key is never printed; without the flags for them the keys are
those of the settings, which keeps them out of the list of processes.

Example: chatme probe wss://chat.example.org --config /etc/chatme/chatme.conf`
}

// Validate says what is wrong with the flags.
func (c *Cmd) Validate() error {
	_, err := remote.Parse(c.URL)
	switch {
	case err != nil:
		return err
	case c.APIKey != "" && (c.WebAPIKey != "" || c.MobileAPIKey != ""):
		return errors.New("--api-key is the key of both clients; leave it out, or --web-api-key and --mobile-api-key")
	case c.Timeout <= 0:
		return errors.New("--timeout: more than 0")
	}
	return nil
}

// Run plays the clients and says what passed.
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

// probeKeys are what the clients authenticate with.
type probeKeys struct{ web, mobile string }

// keys are those of the flags, or else of the settings. A client without one of its own takes the other's.
func (c *Cmd) keys(p *cli.Program) (probeKeys, error) {
	k := probeKeys{cmp.Or(c.APIKey, c.WebAPIKey), cmp.Or(c.APIKey, c.MobileAPIKey)}
	if k == (probeKeys{}) {
		cfg, _, err := config.Load(config.Sources{Environ: p.Environ, File: c.Config})
		if err != nil {
			return k, exit.WithCode(exit.Config, errors.Join(errors.New("no key: give --api-key, or put right the settings that hold the keys; what is wrong with them follows"), err))
		}
		k = probeKeys{newest(cfg.WebAPIKeys), newest(cfg.MobileAPIKeys)}
	}
	k.web, k.mobile = cmp.Or(k.web, k.mobile), cmp.Or(k.mobile, k.web)
	return k, nil
}

// newest is the first of several keys, which the page carries too; "" if there is none.
func newest(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}
