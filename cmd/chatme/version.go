package main

import (
	"cmp"
	"fmt"
	"runtime"
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

// versionLine takes the linker's version before the module's; info may be nil.
func versionLine(version string, info *debug.BuildInfo) string {
	revision := ""
	if info != nil {
		if info.Main.Version != "(devel)" {
			version = cmp.Or(version, info.Main.Version)
		}
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = fmt.Sprintf(" (%.12s)", setting.Value)
			case setting.Key == "vcs.modified" && setting.Value == "true" && revision != "":
				revision = revision[:len(revision)-1] + ", modified)"
			}
		}
	}
	return fmt.Sprintf("chatme %s%s %s %s/%s", cmp.Or(version, "dev"), revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
