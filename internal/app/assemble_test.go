package app

import (
	"testing"

	"chatme/internal/chat"
	"chatme/internal/config"
)

func TestLowPriorityReachesTheLobby(t *testing.T) {
	for value, want := range map[string]chat.LowPriority{
		config.Default().LowPriority: chat.LowPriorityWatch,
		"on":                         chat.LowPriorityOn,
		"off":                        chat.LowPriorityOff,
	} {
		cfg := config.Default()
		cfg.LowPriority = value
		if got := lobbyLimits(cfg).LowPriority; got != want {
			t.Errorf("%s: %d, want %d", value, got, want)
		}
	}
}
