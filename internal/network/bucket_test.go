package network

import (
	"testing"
	"time"
)

const start = int64(1_800_000_000_000_000_000) // a server's clock starts at wall time

func TestBucket(t *testing.T) {
	r := NewRate(10, 2, time.Second)
	var b Bucket
	for i := range 10 {
		if wait := b.Take(r, 1, start); wait != 0 {
			t.Fatalf("number %d of a burst of 10 waits %v", i+1, wait)
		}
	}
	if wait := b.Wait(r, 1, start); wait != 500*time.Millisecond {
		t.Errorf("the eleventh would wait %v", wait)
	}
	if wait := b.Take(r, 1, start); wait != 500*time.Millisecond {
		t.Errorf("the eleventh waits %v", wait)
	}
	if wait := b.Take(r, 3, start+int64(500*time.Millisecond)); wait != 1500*time.Millisecond {
		t.Errorf("three more after its wait have to wait %v", wait)
	}
	if wait := b.Take(r, 10, start+int64(time.Hour)); wait != 0 {
		t.Errorf("an hour later a whole burst waits %v", wait)
	}
	if wait := new(Bucket).Take(NewRate(64<<20, 1<<20, time.Second), 65<<20, start); wait != time.Second {
		t.Errorf("1 MiB over a burst waits %v", wait)
	}
	if wait := new(Bucket).Take(Rate{}, 1<<40, start); wait != 0 || (Rate{}).Sets() {
		t.Errorf("without a rate it waits %v", wait)
	}
}

// A rate holds over any time: what passes is its burst and what the time gives.
func TestBucketHoldsItsRate(t *testing.T) {
	r := NewRate(600, 60, time.Second)
	var b Bucket
	now := start
	for range 6000 {
		now += int64(b.Take(r, 1, now))
	}
	if took := time.Duration(now - start); took.Round(time.Millisecond) != 90*time.Second {
		t.Errorf("5,400 beyond the burst took %v at 60 a second", took)
	}
}

func BenchmarkBucket(b *testing.B) {
	r := NewRate(600, 60, time.Second)
	var bucket Bucket
	now := start
	for b.Loop() {
		now += 1000
		bucket.Take(r, 1, now)
	}
}
