package ws

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/metrics"
	"chatme/internal/secret"
)

// noStore is a hub.Store that accepts everything and contains nothing.
type noStore struct{}

func (noStore) Commit(*chat.Batch) error { return nil }
func (noStore) Find(context.Context, chat.Hash) (chat.Found, bool, error) {
	return chat.Found{}, false, nil
}
func (noStore) Sweep(chat.Time, int) (int, int64, error) { return 0, 0, nil }
func (noStore) Mail(context.Context, string, chat.MailRange, func(*chat.MailEntry) error) error {
	return nil
}

// listener is a hub.Conn that does with an event what a Conn does once it is written.
type listener struct{ of *Endpoint }

func (l listener) Deliver(e hub.Event) bool {
	if l.of != nil {
		l.of.observe(&e)
	}
	return false
}
func (listener) HasRoom(int) bool       { return true }
func (listener) Release(uint64)         {}
func (listener) Flush()                 {}
func (listener) OnChange(func()) func() { return func() {} }
func (listener) Sight() chat.Sight {
	return chat.Sight{Heard: math.MaxInt64 / 2, Pinged: math.MaxUint64}
}

// metricsHub returns a hub with a thousand legacy clients in chats: 1 and 2, 3 and 4, …
func metricsHub(tb testing.TB, m *metrics.Metrics, clock *hub.Clock, l listener) *hub.Hub {
	n := 0
	lobby := chat.New(chat.Config{
		NewAlias: func() chat.Alias { n++; return chat.Alias(fmt.Sprint(n)) }, Boot: 1, SessionTTL: time.Hour,
		Limits: chat.Limits{IdleAfter: time.Hour, ChatWindow: time.Hour, ChatWindowLegacy: time.Hour, QueueWindow: time.Hour, SettleTimeout: time.Hour, RematchAfter: time.Hour},
	})
	h, err := hub.New(hub.Config{
		Store: noStore{}, Metrics: m, Lobby: lobby, Clock: clock, SessionTTL: time.Hour, Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { panic(err) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { h.Stop(context.Background()) })
	for id := chat.ConnID(1); id <= 1000; id++ {
		if err := h.Attach(tb.Context(), id, l, chat.Auth{Fresh: secret.RandomHash()}, 0); err != nil {
			tb.Fatal(err)
		}
		h.Do(&hub.Command{Command: chat.Command{Op: chat.Search, Conn: id}})
	}
	return h
}

// BenchmarkMessageMetrics is a message through the hub without and with its metrics: when its frame was read and how
// long it took until the partner's was written. Both include what the hub counts under its lock.
func BenchmarkMessageMetrics(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(map[bool]string{false: "without", true: "with"}[with], func(b *testing.B) {
			m, clock := metrics.New(), hub.NewClock()
			e := &Endpoint{cfg: Config{Metrics: m, Clock: clock}}
			l := listener{}
			if with {
				l.of = e
			}
			h := metricsHub(b, m, clock, l)
			var who atomic.Int64
			b.ReportAllocs()
			b.ResetTimer()
			began := cpuTime(b)
			defer func() { b.ReportMetric(float64(cpuTime(b)-began)/float64(b.N), "cpu-ns/op") }()
			b.RunParallel(func(pb *testing.PB) {
				cmd := hub.Command{Command: chat.Command{Op: chat.Send, Text: "a message of some length"}}
				for pb.Next() {
					cmd.Conn = chat.ConnID(who.Add(1)%1000 + 1)
					if with {
						cmd.Arrived = clock.Stamp()
					}
					h.Do(&cmd)
				}
			})
		})
	}
}

// cpuTime returns the CPU time of this process: unlike wall-clock time, it does not depend on the load of the machine.
func cpuTime(tb testing.TB) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// The metrics of a message allocate nothing.
func TestMessageMetricsAllocateNothing(t *testing.T) {
	m, clock := metrics.New(), hub.NewClock()
	e := &Endpoint{cfg: Config{Metrics: m, Clock: clock}}
	h := metricsHub(t, m, clock, listener{e})
	cmd := hub.Command{Command: chat.Command{Op: chat.Send, Conn: 1, Text: "hello"}}
	before := h.Stats()
	if n := testing.AllocsPerRun(1000, func() {
		cmd.Arrived = clock.Stamp()
		h.Do(&cmd)
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
	if c := h.Stats(); c.Received-before.Received != 1001 || c.Delivered-before.Delivered != 1001 {
		t.Errorf("%d received and %d delivered, want 1001", c.Received, c.Delivered)
	}
}
