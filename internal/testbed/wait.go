package testbed

import (
	"context"
	"os"
	"testing"
	"time"

	"chatme/internal/pace"
)

const (
	// StepTimeout limits a step that an idle machine finishes in a tenth of it.
	StepTimeout = 20 * time.Second
	// StopTimeout is the time limit for a shutdown on an idle machine.
	StopTimeout = 5 * time.Second
)

// Soaking reports whether tests run more rounds and longer faults: SOAK=1 LONG=1 go test -run E2E ./internal/e2e.
var Soaking = os.Getenv("SOAK") != ""

func InSoak[T any](soak, otherwise T) T {
	if Soaking {
		return soak
	}
	return otherwise
}

// Step returns a context for one thing that is expected soon.
func Step(tb testing.TB) context.Context {
	ctx, _ := pace.WithTimeout(tb.Context(), StepTimeout) // it ends with the test
	return ctx
}

// Eventually waits until holds returns true.
func Eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	if !pace.Until(tb.Context(), StepTimeout, holds) {
		tb.Fatalf("timed out waiting: %s", what)
	}
}
