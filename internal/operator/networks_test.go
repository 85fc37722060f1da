package operator

import (
	"testing"

	"chatme/internal/admin"
)

func TestStandingText(t *testing.T) {
	for want, s := range map[string]admin.SessionStanding{
		"":                                 {},
		"proven":                           {Proven: true},
		"proven, 3 short":                  {Proven: true, Streaks: admin.Streaks{Short: 3}},
		"stands out, 12 ignored, 14 short": {StandsOut: true, Streaks: admin.Streaks{Ignored: 12, Short: 14}},
	} {
		if got := sessionStandingText(&s); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
	for want, n := range map[string]admin.NetworksAnswer{
		"off": {LowPriority: "off"},
		"on; a session stands out after 12 ignored or 57 short chats in a row": {LowPriority: "on", Need: admin.Streaks{Ignored: 12, Short: 57}},
	} {
		if got := standingText(&n); got != want {
			t.Errorf("%+v: %q, want %q", n, got, want)
		}
	}
}
