package main

import (
	"fmt"
	"runtime/debug"
)

type versionCmd struct{}

// Help is the text behind the flags.
func (versionCmd) Help() string { return "Example: chatme version" }

// Run prints one line: version, revision if the build knows it, Go version and platform.
func (versionCmd) Run(p *program) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(p.stdout, versionLine(version, info))
	return err
}
