// Package cli holds what the commands share: parsing and running a command line, common flags, tables and quantities.
// It MUST NOT know any command.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"chatme/internal/config"
	"chatme/internal/exit"
)

// Settings holds the flags of every command that reads the configuration.
type Settings struct {
	File string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`

	// Config is here only for its flags; load returns the configuration in force.
	config.Config `embed:""`
}

// Program holds everything a command may touch.
type Program struct {
	Ctx            context.Context // ends with the first SIGINT or SIGTERM
	Environ        []string
	flags          config.Flags
	Stdout, Stderr io.Writer
}

// execute parses args and runs the command of tree that they name. An error in args has the exit code of an invalid
// configuration.
func execute(ctx context.Context, tree any, args, environ []string, stdout, stderr io.Writer) error {
	p := &Program{Ctx: ctx, Environ: environ, flags: config.Flags{}, Stdout: stdout, Stderr: stderr}
	helped := false
	parser, err := kong.New(tree,
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
		return exit.WithCode(exit.Config, fmt.Errorf(`%w; see "chatme --help"`, err))
	}
	return parsed.Run(p)
}

// Load returns the configuration in force and where each setting came from. defaults, by flag, replace the struct's.
func (p *Program) Load(s Settings, defaults map[string]string) (*config.Config, []config.Setting, error) {
	cfg, found, err := config.Load(config.Sources{
		Flags:    p.flags,
		Environ:  p.Environ,
		File:     s.File,
		Defaults: defaults,
		Memory:   config.MemoryLimit(),
	})
	return cfg, found, exit.WithCode(exit.Config, err)
}

// Run runs the command that args name and returns the exit code. tree is a pointer to a kong command struct. Everything
// the program touches is an argument.
func Run(ctx context.Context, tree any, args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal is no longer caught, so it kills at once

	err := execute(ctx, tree, args, environ, stdout, stderr)
	exit.Report(stderr, err)
	return exit.Code(err)
}
