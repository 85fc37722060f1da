package hostile

import (
	"context"
	"testing"

	"chatme/internal/client"
)

// Two clients arrive, and one meets a client that another has left: the last one can meet no other once arrivals are held.
func TestHeldArrivalsLetTheLastLeave(t *testing.T) {
	var a arrivals
	var first, last client.Client
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	alone := make(chan struct{})
	a.arrive(func() {
		a.looks(&first, func() { t.Error("a client that met another was sent away") })
		a.looks(&last, leave)
		a.leaves(&first)
		if ctx.Err() != nil {
			t.Error("sent away although others may arrive")
		}
		close(alone)
		<-ctx.Done()
		a.leaves(&last)
	})
	<-alone
	a.hold()
	a.arrive(func() { t.Error("arrived while held") })
	a.release()
	came := make(chan struct{})
	a.arrive(func() {
		close(came)
		a.leaves(nil)
		a.leaves(nil)
	})
	<-came
	a.hold()
}
