// Command mutants is chatme with one bug, named by CHATME_MUTANT. It shows that torture finds the bugs it is meant to
// find. It can run a server and torture one, and nothing else. Some bugs are deep inside a package; those need a build
// with the tag mutants.
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

// commands is the part of chatme's command line that torture needs.
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
