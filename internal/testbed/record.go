package testbed

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"chatme/internal/pace"
	"chatme/internal/spawn"
)

// Record collects what processes print, or a log. Its methods are safe for concurrent use.
type Record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *Record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *Record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Reset()
}

func (r *Record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Unhurried returns the server's timeouts for this machine, as environment variables, and rates that no test reaches
// unless it is about them. An idle machine keeps the default timeouts.
func Unhurried() (env []string) {
	env = append(env, spawn.GenerousRates...)
	for name, idle := range map[string]time.Duration{
		"AUTH_TIMEOUT": 10 * time.Second, "PROGRESS_TIMEOUT": 20 * time.Second, "STALL_TIMEOUT": 10 * time.Second,
		"CHAT_WINDOW": 2 * time.Minute, "CHAT_WINDOW_OLD": 30 * time.Second, "QUEUE_WINDOW": 30 * time.Second,
	} {
		if here := pace.Of(idle); here > idle {
			env = append(env, fmt.Sprintf("CHATME_%s=%v", name, here.Round(time.Millisecond)))
		}
	}
	return append(env, fmt.Sprintf("CHATME_SHUTDOWN_TIMEOUT=%v", pace.Waited(4*time.Second).Round(time.Millisecond))) // some tests wait for it
}
