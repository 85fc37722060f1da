package operator

import (
	"errors"
	"fmt"
	"strings"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/exit"
)

type ReloadCmd struct {
	cli.Place
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (ReloadCmd) Help() string {
	return `Makes the running server reload its settings, as SIGHUP does: the settings file it was started with, and the key files.
Its flags and environment stay as they were. Keys, origins, the page, the log level and most times and limits change at
once; settings that need a restart are listed and stay as they were. Connected sockets stay, even if their key was
removed. If there is a problem, nothing changes, every problem is listed, and the exit code is 78.

To replace a key, put the new one first (WEB_API_KEY=new,old) and reload. Once every client has the new key, remove the
old one and reload again.

Example: chatme reload`
}

// Run makes the server reload and prints the changes.
func (c *ReloadCmd) Run(p *cli.Program) error {
	server, err := p.Admin(c.Place)
	if err != nil {
		return err
	}
	var answer admin.ReloadAnswer
	if err := server.Post(p.Ctx, "/reload", &answer); err != nil {
		return err
	}
	if c.JSON {
		if err := cli.PrintJSON(p.Stdout, answer); err != nil {
			return err
		}
	}
	if len(answer.Problems) > 0 {
		fmt.Fprintln(p.Stderr, "chatme: nothing was changed; fix these problems:")
		var problems []error
		for _, each := range answer.Problems {
			problems = append(problems, errors.New(each))
		}
		return exit.WithCode(exit.Config, errors.Join(problems...))
	}
	if c.JSON {
		return nil
	}
	if len(answer.Changed)+len(answer.Left) == 0 {
		_, err := fmt.Fprintln(p.Stdout, "nothing has changed")
		return err
	}
	if err := printChanges(p, "changed:", answer.Changed); err != nil {
		return err
	}
	return printChanges(p, "unchanged until a restart:", answer.Left)
}

// printChanges prints each change below a heading.
func printChanges(p *cli.Program, heading string, all []config.Change) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintln(p.Stdout, heading)
	var lines []string
	for i := range all {
		lines = append(lines, "  "+all[i].Setting, changed(&all[i]))
	}
	return cli.Facts(p.Stdout, lines...)
}

// changed describes the change of one setting.
func changed(c *config.Change) string {
	if !c.List {
		return cli.Printable(c.From) + " -> " + cli.Printable(c.To)
	}
	var parts []string
	if len(c.Added) > 0 {
		parts = append(parts, "added "+strings.Join(c.Added, ", "))
	}
	if len(c.Removed) > 0 {
		parts = append(parts, "removed "+strings.Join(c.Removed, ", "))
	}
	if parts == nil {
		return "in another order, " + cli.Printable(c.To)
	}
	return strings.Join(parts, "; ")
}
