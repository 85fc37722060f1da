package server_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/ws"
)

// relayed is how many messages are relayed between two connected sessions while nothing is committed.
const relayed = 10_000

// L10: heartbeats, typing, acks and messages between two connected sessions commit nothing: another connection sees no
// new version of the database, and the WAL does not grow.
func TestL10QuietCommitsNothing(t *testing.T) {
	s := openSite(t, func(w *ws.Config, _ *chat.Config) { w.PingInterval = 50 * time.Millisecond })
	a, b := s.pair(t)
	c, _ := s.resumable(t, "c")
	d, _ := s.resumable(t, "d")
	c.send(`{"type":"search"}`)
	c.expect("searching")
	d.send(`{"type":"search"}`)
	d.expect("searching")
	matched(c, d)

	conn := s.look(t)
	version := func() (v int) {
		must(t, conn.QueryRowContext(t.Context(), `PRAGMA data_version`).Scan(&v))
		return v
	}
	wal := func() int64 {
		info, err := os.Stat(s.db + "-wal")
		must(t, err)
		return info.Size()
	}
	v, size := version(), wal()
	for range relayed / 2 {
		a.send(text("x"))
		b.expect("message")
		b.send(`{"type":"typing_start"}`)
		a.expect("typing_start")
		c.send(text("y"))
		m := d.expect("message")
		d.send(`{"type":"ack","got":` + strconv.FormatUint(m.N, 10) + `}`)
		if got := c.expect("ack"); got.Recv != m.N || got.Delivered != m.N {
			t.Fatalf("ack %+v, want %d", got, m.N)
		}
		a.quiet()
	}
	if v2, size2 := version(), wal(); v2 != v || size2 != size {
		t.Errorf("version %d → %d, WAL %d → %d bytes: something was committed", v, v2, size, size2)
	}
	d.send(`{"type":"end_chat"}`)
	d.expect("chat_ended")
	if version() == v {
		t.Error("a chat ended and the version is the same: this test cannot see commits")
	}
}
