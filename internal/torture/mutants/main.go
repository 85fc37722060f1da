// Command mutants is chatme with one bug, which CHATME_MUTANT names: it shows that torture finds what it is there to find. It
// runs a server and tortures one, and does nothing else. Some bugs are deep in a package; for those it is built with the tag
// mutants.
package main

import (
	"context"
	"os"

	"chatme/internal/app"
	"chatme/internal/chat"
	"chatme/internal/cli"
	"chatme/internal/store"
	"chatme/internal/torture"
)

// commands is as much of chatme's command line as torture needs.
type commands struct {
	Serve   app.ServeCmd   `cmd:""`
	Torture torture.Cmd    `cmd:""`
	Version cli.VersionCmd `cmd:""`
}

func main() {
	c := &commands{}
	c.Serve.Wrap = app.Wrap{Store: seededStore, Hub: seededHub}
	if seed.start != nil {
		c.Serve.Wrap.Started = func(s *store.Started) { seed.start(s) }
	}
	if seed.load != nil {
		c.Serve.Wrap.Loaded = func(s *chat.Saved) { seed.load(s) }
	}
	if seedName != "" {
		c.Torture.Env = []string{mutantEnv + "=" + seedName}
	}
	os.Exit(cli.Run(context.Background(), c, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
