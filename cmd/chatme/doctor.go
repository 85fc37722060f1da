package main

import (
	"context"
	"errors"
	"time"

	"chatme/internal/config"
	"chatme/internal/store"
)

type doctorCmd struct {
	settings

	URL        string        `name:"url" placeholder:"URL" help:"Also look at the server from outside, through whatever is in front of it: the address its clients use, https:// or wss:// (or without TLS)."`
	Integrity  string        `enum:"auto,full,off" default:"auto" help:"integrity_check of the whole database: auto (up to 1 GiB), full or off. It is a read transaction: meanwhile the WAL of a busy server grows."`
	Litestream string        `name:"litestream" default:"litestream" help:"Litestream's program."`
	Timeout    time.Duration `default:"10s" help:"How long one question to the server or the proxy may take (duration)."`
	JSON       bool          `name:"json" help:"Print one JSON object in place of the lines."`
}

// Help is the text behind the flags.
func (c *doctorCmd) Help() string {
	return `Looks at an installation and says of each thing whether it is ok, and what to do if it is not. It changes nothing, and
works beside a running server as well as without one. Give it the settings that the server has, best as the same file,
and run it as the server's user or as root.

The exit code is 0 if there is no problem (warnings are none), otherwise 1.

Example: chatme doctor --config chatme.conf --url https://chat.example.org`
}

// Validate says what is wrong with the flags.
func (c *doctorCmd) Validate() error {
	if c.Timeout <= 0 {
		return errors.New("--timeout: more than 0")
	}
	if c.URL == "" {
		return nil
	}
	_, err := parseDeployment(c.URL)
	return err
}

// Run looks, prints what it has found, and returns an error if that is a problem.
func (c *doctorCmd) Run(p *program) error {
	d := &doctor{cmd: c, ctx: p.ctx, now: time.Now()}
	cfg, found, err := p.load(c.settings, nil)
	d.cfg = cfg // also of a bad configuration: the settings that are good, and defaults in place of the others
	d.configuration(found, err)
	d.examine()
	return d.finish(p.stdout)
}

// doctor looks at one installation.
type doctor struct {
	findings

	cmd *doctorCmd
	ctx context.Context
	cfg *config.Config
	now time.Time

	server serverProcess
	files  store.Files
	base   *store.Examination // nil if there is no database, or it cannot be read
}

// examine goes from what everything stands on to what stands on it.
func (d *doctor) examine() {
	if !d.find() {
		return
	}
	d.port()
	d.descriptors()
	d.adminSocket()
	d.permissions()
	d.database()
	d.disk()
	d.neighbours()
	d.clock()
	d.litestream()
	d.sqliteShell()
	if d.cmd.URL != "" {
		d.outside()
	}
}

// find looks for the files and for the server that has them.
func (d *doctor) find() bool {
	files, err := store.FilesOf(d.cfg.DB)
	if err != nil {
		d.problem("database", err.Error(), "name the database with --db, or the settings file with --config")
		return false
	}
	d.files = files
	pid, err := store.Holder(files.Database)
	switch {
	case err != nil:
		d.warning("server", "whether one is running cannot be told: "+err.Error(), "run this on Linux, with /proc")
	case pid == 0:
		d.ok("server", "none is running on %s", files.Database)
	default:
		d.server = processOf(pid)
		d.ok("server", "process %d runs on %s", pid, files.Database)
	}
	if pid != 0 && d.server.uid == 0 {
		d.warning("server", "it runs as root, and needs nothing of that", "run it as a user of its own, as deploy/chatme.service does")
	}
	return true
}
