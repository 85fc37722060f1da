package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"

	"chatme/internal/config"
)

// commands is the command line.
type commands struct {
	Init    initCmd    `cmd:"" help:"Write a settings file with fresh keys, to begin with."`
	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Dev     devCmd     `cmd:"" help:"Run the server with published development keys and readable logs. Not for production."`
	Backup  backupCmd  `cmd:"" help:"Write a copy of the database, while the server serves."`
	Restore restoreCmd `cmd:"" help:"Put a backup or a replica in the place of the database."`
	Drill   drillCmd   `cmd:"" help:"Show that a backup or a replica can be restored and served, without touching the server."`
	Doctor  doctorCmd  `cmd:"" help:"Look at an installation, and name a remedy for everything that is wrong with it."`
	Probe   probeCmd   `cmd:"" help:"Play old and new clients through the whole protocol against a deployment, and print what passed."`
	Torture tortureCmd `cmd:"" help:"Kill a server again and again under load, and judge whether it kept its promises."`
	Bench   benchCmd   `cmd:"" help:"Measure how fast a server is, and what it costs."`
	Config  configCmd  `cmd:"" help:"Write a settings file, or look into the settings in force."`
	Version versionCmd `cmd:"" help:"Print the version."`

	Status      statusCmd      `cmd:"" help:"Print the figures of the running server: sessions, traffic, latency, storage, the process."`
	Dashboard   dashboardCmd   `cmd:"" help:"Show charts of the running server's last hour in a browser."`
	Tail        tailCmd        `cmd:"" help:"Show what happens in the running server, as it happens."`
	Sessions    sessionsCmd    `cmd:"" help:"List the sessions of the running server."`
	Queue       queueCmd       `cmd:"" help:"List who waits for a partner."`
	Pairs       pairsCmd       `cmd:"" help:"List the chats."`
	Kick        kickCmd        `cmd:"" help:"End a session."`
	Reload      reloadCmd      `cmd:"" help:"Have the running server read its settings again: keys, origins, limits."`
	Deployments deploymentsCmd `cmd:"" help:"List the starts of a server on the database: version, from when to when, how it ended."`

	Healthcheck healthcheckCmd `cmd:"" help:"Say whether the running server is ready, by the exit code; for containers."`

	ExampleDB exampleDBCmd `cmd:"" name:"example-db" hidden:""`
}

// settings are the flags of every command that reads the configuration.
type settings struct {
	File string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`

	// Config is here for its flags alone; load returns the one in force.
	config.Config `embed:""`
}

// program is what a command may touch.
type program struct {
	ctx            context.Context // ends with the first SIGINT or SIGTERM
	environ        []string
	flags          config.Flags
	stdout, stderr io.Writer
}

// execute parses args and runs the command they name. Whatever is wrong with args has the exit code of a bad
// configuration.
func execute(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	p := &program{ctx: ctx, environ: environ, flags: config.Flags{}, stdout: stdout, stderr: stderr}
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("chatme"),
		kong.Description("An anonymous one-to-one chat server: one binary, one SQLite file."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 120}),
		p.flags.Option(),
	)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return withCode(exitConfig, fmt.Errorf(`%w; see "chatme --help"`, err))
	}
	return parsed.Run(p)
}

// load returns the configuration in force and where each setting came from. defaults, by flag, take the place
// of the struct's.
func (p *program) load(s settings, defaults map[string]string) (*config.Config, []config.Setting, error) {
	cfg, found, err := config.Load(config.Sources{
		Flags:    p.flags,
		Environ:  p.environ,
		File:     s.File,
		Defaults: defaults,
		Memory:   memoryLimit(),
	})
	return cfg, found, withCode(exitConfig, err)
}

// readConfig reads the configuration from where it is, and says where each setting came from.
type readConfig func() (*config.Config, []config.Setting, error)

// configuration is what a server is started with.
type configuration struct {
	*config.Config
	found []config.Setting // where each setting came from
	read  readConfig       // the same again, later
	level *slog.LevelVar   // of the log, which follows log-level

	// hangupReloads says that SIGHUP means reload, and not that the terminal is gone.
	hangupReloads bool
}

// configuration is load for a server, which can read it again: files anew, the flags and the environment as they were.
func (p *program) configuration(s settings, defaults map[string]string) (*configuration, error) {
	c := &configuration{level: new(slog.LevelVar)}
	c.read = func() (*config.Config, []config.Setting, error) { return p.load(s, defaults) }
	var err error
	c.Config, c.found, err = c.read()
	c.level.Set(logLevel(c.Config))
	return c, err
}

type serveCmd struct{ settings }

// Help is the text behind the flags.
func (serveCmd) Help() string {
	return `Serves until SIGTERM or SIGINT, tells everybody to come back, and ends with 0. SIGHUP reads the settings again. What each
exit code means, and what each setting is for, is in docs/operations.md.

Example: chatme serve --config /etc/chatme/chatme.conf

Example: WEB_API_KEY=some-key chatme serve --addr 127.0.0.1:8787 --db /var/lib/chatme/chatme.db`
}

// Run serves until a signal comes or the server cannot go on.
func (c *serveCmd) Run(p *program) error {
	cfg, err := p.configuration(c.settings, nil)
	if err != nil {
		return err
	}
	cfg.hangupReloads = true
	return serve(p.ctx, cfg, nil, p.stderr)
}
