package testbed

import (
	"context"
	"os"
	"testing"
	"time"

	"chatme/internal/pace"
)

const (
	// StepTimeout bounds what is expected of a server soon, on an idle machine; it takes a tenth of it.
	StepTimeout = 20 * time.Second
	// StopTimeout is within what a stop must be over there.
	StopTimeout = 5 * time.Second
)

// Soaking makes the rounds more and the faults longer: SOAK=1 go test -run E2E ./cmd/chatme.
var Soaking = os.Getenv("SOAK") != ""

func InSoak[T any](soak, otherwise T) T {
	if Soaking {
		return soak
	}
	return otherwise
}

// Step returns a context for one thing that is expected soon.
func Step(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), pace.Of(StepTimeout))
	context.AfterFunc(tb.Context(), cancel)
	return ctx
}

// Eventually waits until something holds.
func Eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	if !pace.Until(tb.Context(), StepTimeout, holds) {
		tb.Fatalf("not so in time: %s", what)
	}
}
