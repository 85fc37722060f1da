package chat

import (
	"encoding/binary"
	"testing"
	"time"
)

// Memory holds sessions that are connected or within a window: a hibernated session is only a row.
func TestHibernatedSessionsCostNoMemory(t *testing.T) {
	l := New(Config{
		NewAlias: func() Alias { return "alias" }, Epoch: "e", Boot: 1, SessionTTL: 24 * time.Hour,
		Limits: Limits{IdleAfter: 10 * time.Minute, ChatWindow: 2 * time.Minute, ChatWindowLegacy: 30 * time.Second,
			AwayAfter: time.Second, QueueWindow: 30 * time.Second, SleepMax: 10 * time.Minute, RematchAfter: 10 * time.Second, SettleTimeout: 2 * time.Second},
	})
	now := Time(1_700_000_000_000)
	const many = 10_000
	var batch Batch
	rows := 0
	flush := func() {
		l.TakeBatch(&batch)
		rows += len(batch.Changes)
	}
	for i := range ConnID(many) {
		var h Hash
		binary.LittleEndian.PutUint64(h[:], uint64(i))
		l.Step(At(now), &Command{Op: Attach, Conn: i + 1, Auth: &Auth{Resumable: true, Fresh: h}})
		switch i % 3 {
		case 0: // socket lost before the first search: no row
			l.Step(At(now), &Command{Op: Detach, Conn: i + 1})
		case 1: // socket lost while waiting or in a chat
			l.Step(At(now), &Command{Op: Search, Conn: i + 1})
			l.Step(At(now), &Command{Op: Detach, Conn: i + 1})
		case 2: // idle until it is closed: no row either
		}
		flush()
	}
	for range 5 { // windows, and the consequences of their end
		now = now.Add(10 * time.Minute)
		l.Step(At(now), &Command{Op: Tick})
		flush()
	}
	if len(l.sessions) != 0 || len(l.conns) != 0 || len(l.due) != 0 || l.maker.waiting != 0 || len(l.dirty) != 0 {
		t.Errorf("%d sessions, %d conns, %d deadlines, %d ready, %d dirty are left in memory, want none",
			len(l.sessions), len(l.conns), len(l.due), l.maker.waiting, len(l.dirty))
	}
	if searched := many / 3; rows < searched || rows > 3*searched { // queued, away, lapsed
		t.Errorf("%d rows were written for %d sessions that searched", rows, searched)
	}
}
