// Package doctor implements the command that examines an installation and names a remedy for each fault it finds.
package doctor

import (
	"context"
	"errors"
	"time"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/remote"
	"chatme/internal/store"
)

type Cmd struct {
	cli.Settings

	URL        string        `name:"url" placeholder:"URL" help:"Also check the server from outside, through whatever is in front of it, at the address its clients use: https:// or wss:// (or without TLS). This takes slightly longer than the ping interval, half a minute by default."`
	Integrity  string        `enum:"auto,full,off" default:"auto" help:"Run integrity_check on the whole database: auto (up to 1 GiB), full or off. It holds a read transaction, so the WAL of a busy server grows meanwhile."`
	Litestream string        `name:"litestream" default:"litestream" help:"Litestream binary."`
	Timeout    time.Duration `default:"10s" help:"Time limit for one request to the server or the proxy (duration)."`
	JSON       bool          `name:"json" help:"Print one JSON object instead of lines."`
}

// Help returns the detailed help.
func (c *Cmd) Help() string {
	return `Examines an installation and reports for each check whether it is ok and, if not, what to do. It changes nothing, and
works with or without a running server. Give it the server's settings, preferably the same file, and run it as the
server's user or as root. It asks a running server for its address and the settings in force.

The exit code is 1 if there is a problem. Otherwise it is 78 if the settings could not be read, 2 if something else could
not be checked (unknown), and 0 if none of these apply. A warning is not a problem; "not checked" means skipped.

Example: chatme doctor --config chatme.conf --url https://chat.example.org`
}

// Validate checks the flags.
func (c *Cmd) Validate() error {
	if c.Timeout <= 0 {
		return errors.New("--timeout: must be more than 0")
	}
	if c.URL == "" {
		return nil
	}
	_, err := remote.Parse(c.URL)
	return err
}

// Run examines the installation, prints the findings, and returns an error if there is a problem.
func (c *Cmd) Run(p *cli.Program) error {
	d := &doctor{cmd: c, ctx: p.Ctx, now: time.Now()}
	cfg, found, err := p.Load(c.Settings, nil)
	d.cfg = cfg // even if it is invalid: known reports which settings are good
	d.configuration(found, err)
	d.examine()
	return d.finish(p.Stdout)
}

// doctor examines one installation.
type doctor struct {
	findings

	cmd *Cmd
	ctx context.Context
	cfg *config.Config
	now time.Time

	unread string          // why some or all settings are not known; "": all are
	firm   map[string]bool // by environment name: known regardless
	bad    map[string]bool // by environment name: invalid, or could not be read

	server serverProcess
	about  *admin.About // what the running server reports; nil: it could not be asked
	asked  error        // why not
	files  store.Files
	ours   bool               // the database is chatme's
	base   *store.Examination // nil: there is no database, or it could not be read
	whole  bool               // the database was read to its end and is intact
}

// examine runs the checks, each after those that it depends on.
func (d *doctor) examine() {
	if d.locate() {
		d.findServer()
		d.listeners()
		d.descriptors()
		d.adminSocket()
		d.crowding()
		d.database()
		d.permissions()
		d.disk()
		d.neighbours()
		d.litestream()
	} else {
		d.unlocated("server", "port", "descriptors", "admin socket", "permissions", "disk", "Litestream")
	}
	d.trustedNetworks()
	d.developmentOrigins()
	d.clock()
	d.sqliteShell()
	if d.cmd.URL != "" {
		d.outside()
	}
}
