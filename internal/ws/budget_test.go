package ws

import (
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/hub"
)

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(100, hub.NewClock().Now)
		if !b.acquire(100, time.Second) {
			t.Fatal("an empty budget refused what it holds")
		}
		start := time.Now()
		if b.acquire(1, 10*time.Second) {
			t.Error("a full budget gave a byte")
		}
		if waited := time.Since(start); waited != 10*time.Second {
			t.Errorf("waited %v, want 10s", waited)
		}
		got := make(chan bool)
		go func() { got <- b.acquire(50, time.Minute) }()
		synctest.Wait()
		b.charge(20) // what is in memory already counts, also over the bound
		b.release(60)
		synctest.Wait()
		select {
		case <-got:
			t.Error("50 bytes were given with 60 in use of 100 and 50 asked")
		default:
		}
		b.release(10)
		if !<-got {
			t.Error("50 bytes were not given when there was room")
		}
	})
}
