package ws_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"
)

// relayed is how many messages are relayed between two connected sessions while nothing is committed.
const relayed = 10_000

// L10: heartbeats, typing, acks and messages between two connected sessions commit nothing: another connection sees no
// new version of the database, and the WAL does not grow.
func TestL10QuietCommitsNothing(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) {
		w.PingInterval, w.Rates.Typing = 50*time.Millisecond, time.Millisecond
	})
	a, b := s.Pair(t)
	c, _ := s.Resumable(t, "c")
	d, _ := s.Resumable(t, "d")
	c.Send(`{"type":"search"}`)
	c.Expect("searching")
	d.Send(`{"type":"search"}`)
	d.Expect("searching")
	sockets.Matched(c, d)

	conn := s.Look(t)
	version := func() (v int) {
		testbed.Must(t, conn.QueryRowContext(t.Context(), `PRAGMA data_version`).Scan(&v))
		return v
	}
	wal := func() int64 {
		info, err := os.Stat(s.DB + "-wal")
		testbed.Must(t, err)
		return info.Size()
	}
	v, size := version(), wal()
	for i := range relayed / 2 {
		a.Send(sockets.Text("x"))
		b.Expect("message")
		typing := [...]string{"typing_start", "typing_stop"}[i%2]
		b.Send(`{"type":"` + typing + `"}`)
		a.Expect(typing)
		c.Send(sockets.Text("y"))
		m := d.Expect("message")
		d.Send(`{"type":"ack","got":` + strconv.FormatUint(m.N, 10) + `}`)
		if got := c.Expect("ack"); got.Recv != m.N || got.Delivered != m.N {
			t.Fatalf("ack %+v, want %d", got, m.N)
		}
		a.Quiet()
	}
	if v2, size2 := version(), wal(); v2 != v || size2 != size {
		t.Errorf("version %d → %d, WAL %d → %d bytes: something was committed", v, v2, size, size2)
	}
	d.Send(`{"type":"end_chat"}`)
	d.Expect("chat_ended")
	if version() == v {
		t.Error("a chat ended and the version is the same: this test cannot see commits")
	}
}
