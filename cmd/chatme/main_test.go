package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"chatme/internal/cli"
)

// TestMain makes this test binary the command chatme for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"chatme": func() {
		os.Exit(cli.Run(context.Background(), &Commands{}, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}})
}

// TestScript runs testdata/script, one file per subject.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "files": files, "ready": ready},
	})
}
