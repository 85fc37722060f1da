// Package doctor is the command that examines an installation and names a remedy for each fault it finds.
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

	URL        string        `name:"url" placeholder:"URL" help:"Also look at the server from outside, through whatever is in front of it: the address its clients use, https:// or wss:// (or without TLS). That takes a little longer than the ping interval, half a minute by default."`
	Integrity  string        `enum:"auto,full,off" default:"auto" help:"integrity_check of the whole database: auto (up to 1 GiB), full or off. It is a read transaction: meanwhile the WAL of a busy server grows."`
	Litestream string        `name:"litestream" default:"litestream" help:"Litestream's program."`
	Timeout    time.Duration `default:"10s" help:"How long one question to the server or the proxy may take (duration)."`
	JSON       bool          `name:"json" help:"Print one JSON object in place of the lines."`
}

// Help is the text behind the flags.
func (c *Cmd) Help() string {
	return `Looks at an installation and says of each thing whether it is ok, and what to do if it is not. It changes nothing, and
works beside a running server as well as without one. Give it the settings that the server has, best as the same file,
and run it as the server's user or as root. What a running server goes by, and where it listens, it asks the server.

The exit code is 1 if there is a problem. Without one it is 78 if the settings could not be read, 2 if something else could
not be checked (unknown), otherwise 0: a warning is not a problem, and what is "not checked" was left out.

Example: chatme doctor --config chatme.conf --url https://chat.example.org`
}

// Validate says what is wrong with the flags.
func (c *Cmd) Validate() error {
	if c.Timeout <= 0 {
		return errors.New("--timeout: more than 0")
	}
	if c.URL == "" {
		return nil
	}
	_, err := remote.Parse(c.URL)
	return err
}

// Run looks, prints what it has found, and returns an error if that is a problem.
func (c *Cmd) Run(p *cli.Program) error {
	d := &doctor{cmd: c, ctx: p.Ctx, now: time.Now()}
	cfg, found, err := p.Load(c.Settings, nil)
	d.cfg = cfg // also of a bad configuration: known tells which settings are good
	d.configuration(found, err)
	d.examine()
	return d.finish(p.Stdout)
}

// doctor looks at one installation.
type doctor struct {
	findings

	cmd *Cmd
	ctx context.Context
	cfg *config.Config
	now time.Time

	unread string          // why the settings, or some of them, are not known; "": all are
	firm   map[string]bool // by environment name: known all the same
	bad    map[string]bool // by environment name: its value is bad, or could not be read

	server serverProcess
	about  *admin.About // what the running server says of itself; nil: it could not be asked
	asked  error        // why not
	files  store.Files
	ours   bool               // a chatme database is there
	base   *store.Examination // nil: there is no database, or it could not be read
	whole  bool               // it was read to its end, and nothing is wrong with it
}

// examine goes from what everything stands on to what stands on it.
func (d *doctor) examine() {
	if d.locate() {
		d.findServer()
		d.port()
		d.descriptors()
		d.adminSocket()
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
