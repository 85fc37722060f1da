// Package buildinfo reports what this binary was built from.
package buildinfo

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is set by the linker (-X chatme/internal/buildinfo.Version=…) and by nothing else.
var Version = ""

// Revision returns the commit the binary was built from, "" if the build does not know it.
func Revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}

// VersionLine prefers the linker's version to the module's; info may be nil.
func VersionLine(version string, info *debug.BuildInfo) string {
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
