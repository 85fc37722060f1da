package exit

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
		"none":                  {nil, OK, ""},
		"no code of its own":    {plain, Failure, "chatme: something broke\n"},
		"a code":                {WithCode(IO, plain), IO, "chatme: something broke\n"},
		"a code deep inside":    {fmt.Errorf("serve: %w", WithCode(AlreadyRunning, plain)), AlreadyRunning, "chatme: serve: something broke\n"},
		"a code around nothing": {WithCode(IO, nil), OK, ""},
		"several problems":      {WithCode(Config, errors.Join(plain, errors.New("and this"))), Config, "chatme: something broke\nchatme: and this\n"},
		"a code in a join":      {errors.Join(plain, WithCode(NotWritable, plain)), NotWritable, "chatme: something broke\nchatme: something broke\n"},
		"two wrapped in a text": {fmt.Errorf("%w, then %w", plain, plain), Failure, "chatme: something broke, then something broke\n"},
		"several lines":         {errors.New("one\ntwo"), Failure, "chatme: one; two\n"},
		"lines inside a text":   {fmt.Errorf("stop: %w", errors.Join(plain, plain)), Failure, "chatme: stop: something broke; something broke\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Code(tt.err); got != tt.wantCode {
				t.Errorf("code %d, want %d", got, tt.wantCode)
			}
			var out strings.Builder
			Report(&out, tt.err)
			if out.String() != tt.want {
				t.Errorf("reported %q, want %q", out.String(), tt.want)
			}
		})
	}
}
