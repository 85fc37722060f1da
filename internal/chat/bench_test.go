package chat_test

import (
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// bench is a lobby with n pairs of resumable sessions; the sockets of a pair are 2k+1 and 2k+2.
type bench struct {
	lobby *chat.Lobby
	now   chat.Time
	batch chat.Batch
}

func newBench(b *testing.B, pairs int) *bench {
	cfg := rig.Timing(1)
	cfg.RingMessages = 200
	cfg.NewAlias = func() chat.Alias { return "00000000-0000-4000-8000-000000000000" }
	x := &bench{lobby: chat.New(cfg), now: rig.Epoch}
	for i := range 2 * pairs {
		conn := chat.ConnID(i + 1)
		x.step(&chat.Command{Op: chat.Attach, Conn: conn, Auth: &chat.Auth{Resumable: true, Fresh: benchHash(conn)}})
		x.step(&chat.Command{Op: chat.Search, Conn: conn})
	}
	x.flush()
	b.ReportAllocs()
	b.ResetTimer()
	return x
}

func benchHash(c chat.ConnID) chat.Hash { return chat.Hash{byte(c), byte(c >> 8), byte(c >> 16)} }

func (x *bench) step(c *chat.Command) []chat.Event { return x.lobby.Step(chat.At(x.now), c).Events }

func (x *bench) flush() {
	x.lobby.TakeBatch(&x.batch)
	x.lobby.Committed(x.batch.N)
}

func BenchmarkSend(b *testing.B) {
	for name, pairs := range map[string]int{"pairs=1": 1, "pairs=10000": 10_000} {
		b.Run(name, func(b *testing.B) {
			x := newBench(b, pairs)
			send, ack := chat.Command{Op: chat.Send, Text: "hello"}, chat.Command{Op: chat.Ack}
			for i := range b.N {
				send.Conn = chat.ConnID(i%(2*pairs) + 1)
				if len(x.step(&send)) != 1 {
					b.Fatal("not relayed")
				}
				if round := i / (2 * pairs); round%16 == 15 { // as a client does
					ack.Conn, ack.Got = (send.Conn-1)^1+1, uint64(round+1)
					x.step(&ack)
				}
			}
		})
	}
}

func BenchmarkTyping(b *testing.B) {
	x := newBench(b, 1)
	c := chat.Command{Op: chat.Typing, Conn: 1, Start: true}
	for b.Loop() {
		if len(x.step(&c)) != 1 {
			b.Fatal("not forwarded")
		}
	}
}

func BenchmarkAck(b *testing.B) {
	x := newBench(b, 1)
	send := chat.Command{Op: chat.Send, Conn: 1, Text: "hello"}
	ack := chat.Command{Op: chat.Ack, Conn: 2}
	for b.Loop() {
		ack.Got++
		x.step(&send)
		x.step(&ack)
	}
}

// Sessions press Next one after another: every second time the partners left by the last two are matched, and so are the leavers.
func BenchmarkNext(b *testing.B) {
	x := newBench(b, 10_000)
	c := chat.Command{Op: chat.Search}
	for i := range b.N {
		c.Conn = chat.ConnID(i*2%20_000 + 1)
		x.now++
		x.step(&c)
		if i%64 == 0 {
			x.flush()
		}
	}
}

// Disconnect and resume, with the partner told both times.
func BenchmarkResume(b *testing.B) {
	x := newBench(b, 10_000)
	auth := &chat.Auth{Resumable: true, Resume: &chat.Resume{Epoch: "e1"}}
	drop, back := chat.Command{Op: chat.Detach}, chat.Command{Op: chat.Attach, Auth: auth}
	for i := range b.N {
		conn := chat.ConnID(i%20_000 + 1)
		auth.Resume.Hash = benchHash(conn)
		drop.Conn, back.Conn = conn, conn
		x.step(&drop)
		if len(x.step(&back)) != 3 {
			b.Fatal("not resumed")
		}
		if i%64 == 0 {
			x.flush()
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	x := newBench(b, 50_000)
	records := x.lobby.Records()
	for b.Loop() {
		l := chat.New(rig.Timing(2))
		if err := l.Load(chat.At(rig.Epoch+chat.Time(time.Hour.Milliseconds())), chat.Saved{Records: records}); err != nil {
			b.Fatal(err)
		}
	}
}
