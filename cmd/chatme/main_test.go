package main

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// sideBySide is how many of these tests run at one time, unless -parallel says otherwise: most of them mostly wait.
const sideBySide = 4

// TestMain makes this test binary the command chatme for the scripts.
func TestMain(m *testing.M) {
	if runtime.GOMAXPROCS(0) < sideBySide {
		flag.Set("test.parallel", strconv.Itoa(sideBySide)) // the command line is read later
	}
	testscript.Main(tidied{m}, map[string]func(){"chatme": func() {
		os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
	}})
}

// TestScript runs testdata/script, one file a subject.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "files": files, "ready": ready},
	})
}
