package main

import (
	"errors"
	"fmt"
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
