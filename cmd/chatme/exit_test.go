package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestExitCodeAndReport(t *testing.T) {
	plain := errors.New("something broke")
	tests := map[string]struct {
		err      error
		wantCode int
		want     string
	}{
		"none":                  {nil, exitOK, ""},
		"no code of its own":    {plain, exitFailure, "chatme: something broke\n"},
		"a code":                {withCode(exitIO, plain), exitIO, "chatme: something broke\n"},
		"a code deep inside":    {fmt.Errorf("serve: %w", withCode(exitAlreadyRunning, plain)), exitAlreadyRunning, "chatme: serve: something broke\n"},
		"a code around nothing": {withCode(exitIO, nil), exitOK, ""},
		"several problems":      {withCode(exitConfig, errors.Join(plain, errors.New("and this"))), exitConfig, "chatme: something broke\nchatme: and this\n"},
		"a code in a join":      {errors.Join(plain, withCode(exitNotWritable, plain)), exitNotWritable, "chatme: something broke\nchatme: something broke\n"},
		"two wrapped in a text": {fmt.Errorf("%w, then %w", plain, plain), exitFailure, "chatme: something broke, then something broke\n"},
		"several lines":         {errors.New("one\ntwo"), exitFailure, "chatme: one; two\n"},
		"lines inside a text":   {fmt.Errorf("stop: %w", errors.Join(plain, plain)), exitFailure, "chatme: stop: something broke; something broke\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(tt.err); got != tt.wantCode {
				t.Errorf("code %d, want %d", got, tt.wantCode)
			}
			var out strings.Builder
			report(&out, tt.err)
			if out.String() != tt.want {
				t.Errorf("reported %q, want %q", out.String(), tt.want)
			}
		})
	}
}

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
			if got := versionLine(tt.linked, tt.info); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
