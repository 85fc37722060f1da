//go:build unix

package main

import (
	"fmt"
	"text/tabwriter"

	"chatme/internal/cli"
	"chatme/internal/config"
)

type configCmd struct {
	Default configDefaultCmd `cmd:"" help:"Print a settings file with every setting, its help and its default, all commented out."`
	Check   configCheckCmd   `cmd:"" help:"Print the settings in force, where each came from, and every problem."`
}

type configDefaultCmd struct{}

// Help returns the text after the flags.
func (configDefaultCmd) Help() string {
	return `"chatme init" writes the same file with fresh keys.

Example: chatme config default > chatme.conf`
}

// Run prints the file.
func (configDefaultCmd) Run(p *cli.Program) error { return config.WriteTemplate(p.Stdout) }

type configCheckCmd struct{ cli.Settings }

// Help returns the text after the flags.
func (configCheckCmd) Help() string {
	return `Keys are masked. The exit code is 78 if a server would not start with these settings.

Example: chatme config check --config /etc/chatme/chatme.conf`
}

// Run prints the table, even for an invalid configuration, and returns every problem.
func (c *configCheckCmd) Run(p *cli.Program) error {
	_, found, problems := p.Load(c.Settings, nil)
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tNAME\tVALUE\tFROM")
	for _, s := range found {
		fmt.Fprintf(table, "--%s\t%s\t%s\t%s\n", s.Flag, s.Env, cli.Printable(s.Value), s.From)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	for _, file := range config.ExposedFiles(found) {
		fmt.Fprintf(p.Stderr, "chatme: warning: %s holds keys and is world-readable; run: chmod o-r %[1]s\n", file)
	}
	return problems
}
