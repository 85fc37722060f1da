package cli

import (
	"fmt"
	"runtime/debug"

	"chatme/internal/buildinfo"
)

// VersionCmd prints the version.
type VersionCmd struct{}

// Help returns the text after the flags.
func (VersionCmd) Help() string { return "Example: chatme version" }

// Run prints one line: version, revision if the build knows it, Go version and platform.
func (VersionCmd) Run(p *Program) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(p.Stdout, buildinfo.VersionLine(buildinfo.Version, info))
	return err
}
