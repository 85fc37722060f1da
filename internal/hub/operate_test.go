package hub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// An operator is told that a session was kicked only once that is on disk. If the operator's context ends first, the
// outcome is reported as unknown.
func TestKickWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		couple(t, h, s)
		s.mu.Lock()
		s.free = false
		s.mu.Unlock()

		kicked := make(chan error, 1)
		go func() {
			_, ok, err := h.Kick(t.Context(), hashOf(1))
			if !ok {
				err = errors.New("there is no such session")
			}
			kicked <- err
		}()
		<-s.enter
		synctest.Wait()
		select {
		case err := <-kicked:
			t.Errorf("Kick returned before the commit: %v", err)
		default:
		}
		s.verdict <- nil
		if err := <-kicked; err != nil {
			t.Error(err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		impatient := make(chan error, 1)
		go func() {
			_, _, err := h.Kick(ctx, hashOf(2))
			impatient <- err
		}()
		<-s.enter
		if err := <-impatient; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the deadline error", err)
		}
		s.verdict <- nil
		s.setFree()
		stopHub(t, h)
	})
}
