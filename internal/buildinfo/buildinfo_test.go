package buildinfo

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestVersionLine(t *testing.T) {
	built := func(module string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: module}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	tests := map[string]struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		"nothing known":        {"", nil, "chatme dev"},
		"a development build":  {"", built("(devel)"), "chatme dev"},
		"installed as module":  {"", built("v1.2.3"), "chatme v1.2.3"},
		"linked":               {"v2.0.0", built("v1.2.3", revision), "chatme v2.0.0 (0123456789ab)"},
		"with changes on top":  {"v2.0.0", built("(devel)", revision, modified), "chatme v2.0.0 (0123456789ab, modified)"},
		"changes, no revision": {"v2.0.0", built("(devel)", modified), "chatme v2.0.0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := tt.want + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
			if got := VersionLine(tt.linked, tt.info); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
