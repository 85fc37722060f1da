package hub

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/secret"
)

// sink is a Conn that accepts everything.
type sink struct{ n atomic.Int64 }

func (s *sink) Deliver(Event) bool   { s.n.Add(1); return false }
func (*sink) HasRoom(int) bool       { return true }
func (s *sink) Release(uint64)       {}
func (s *sink) Flush()               {}
func (*sink) OnChange(func()) func() { return func() {} }
func (s *sink) Sight() chat.Sight {
	return chat.Sight{Heard: math.MaxInt64 / 2, Pinged: math.MaxUint64}
}

// benchHub returns a hub with pairs of legacy clients in a chat: Conns 1 and 2, 3 and 4, …
func benchHub(b *testing.B, pairs int) *Hub {
	s := newHeldStore()
	s.setFree()
	h, err := New(Config{
		Store: s, Lobby: testLobby(), Clock: NewClock(), SessionTTL: time.Hour,
		Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { panic(err) },
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := 1; i <= 2*pairs; i++ {
		auth := chat.Auth{Fresh: secret.HashOf(fmt.Sprint(i))}
		if err := h.Attach(context.Background(), chat.ConnID(i), &sink{}, auth, 0); err != nil {
			b.Fatal(err)
		}
		search(h, chat.ConnID(i))
	}
	b.Cleanup(func() { h.Stop(context.Background()) })
	return h
}

// BenchmarkRelayMonitor relays a message through the hub: one mutex around Step.
func BenchmarkRelayMonitor(b *testing.B) {
	h := benchHub(b, 500)
	var who atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		cmd := Command{Command: chat.Command{Op: chat.Send, Text: "a message of some length"}}
		for pb.Next() {
			cmd.Conn = chat.ConnID(who.Add(1)%1000 + 1)
			h.Do(&cmd)
		}
	})
}

// BenchmarkRelayInbox measures the alternative: a goroutine that owns the lobby and reads commands from a channel. The
// reader of a socket waits for its answer, since it must know which Conn to wait for.
func BenchmarkRelayInbox(b *testing.B) {
	h := benchHub(b, 500)
	type entry struct {
		cmd  *Command
		done chan Conn // buffer 1
	}
	inbox := make(chan entry, 64)
	var owner sync.WaitGroup
	owner.Go(func() {
		for l := range inbox {
			congested, _ := h.Do(l.cmd)
			l.done <- congested
		}
	})
	var who atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		cmd := Command{Command: chat.Command{Op: chat.Send, Text: "a message of some length"}}
		done := make(chan Conn, 1)
		for pb.Next() {
			cmd.Conn = chat.ConnID(who.Add(1)%1000 + 1)
			inbox <- entry{&cmd, done}
			<-done
		}
	})
	close(inbox)
	owner.Wait()
}
