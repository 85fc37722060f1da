package main

import (
	"context"
	"os"
	"testing"
	"time"

	"chatme/internal/pace"
)

const (
	// stepTimeout bounds what is expected of a server soon, on an idle machine; it takes a tenth of it.
	stepTimeout = 20 * time.Second
	// stopTimeout is within what a stop must be over there.
	stopTimeout = 5 * time.Second
)

// soaking makes the rounds more and the faults longer: SOAK=1 go test -run E2E ./cmd/chatme.
var soaking = os.Getenv("SOAK") != ""

func inSoak[T any](soak, otherwise T) T {
	if soaking {
		return soak
	}
	return otherwise
}

// step returns a context for one thing that is expected soon.
func step(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), pace.Of(stepTimeout))
	context.AfterFunc(tb.Context(), cancel)
	return ctx
}

// eventually waits until something holds.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	if !pace.Until(tb.Context(), stepTimeout, holds) {
		tb.Fatalf("not so in time: %s", what)
	}
}
