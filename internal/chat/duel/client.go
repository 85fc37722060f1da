package duel

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"chatme/internal/chat"
)

// client is a client driven by the bytes of a fuzz input.
type client struct {
	number int
	conn   chat.ConnID   // the newest socket; 0: none
	ghosts []chat.ConnID // older ones
	hash   chat.Hash     // of the session
	fresh  chat.Hash     // of the session that it gets if a resume fails
	made   int           // hashes

	alias   chat.Alias // the latest chat that it knows of
	aliases []chat.Alias
	got     uint64
	acked   uint64
	n       uint64
	ping    uint64
}

func (c *client) newHash() chat.Hash {
	c.made++
	h := chat.Hash{byte(c.number + 1)}
	binary.BigEndian.PutUint32(h[4:], uint32(c.made))
	return h
}

// times lists the durations in the rules, and values next to them.
var times = []time.Duration{
	time.Millisecond, 500 * time.Millisecond, 1999 * time.Millisecond, 2 * time.Second, 9 * time.Second,
	10 * time.Second, 29 * time.Second, 30 * time.Second, 31 * time.Second, 60 * time.Second, 119 * time.Second,
	120 * time.Second, 121 * time.Second, 10 * time.Minute, 24 * time.Hour, 25 * time.Hour,
}

// drive reads two bytes per command: which client does what, and how.
func drive(tb testing.TB, data []byte) {
	people := 2
	if len(data) > 0 {
		people += int(data[0] % 7)
		data = data[1:]
	}
	d := New(tb, people)
	for len(data) >= 2 {
		c := d.Clients[int(data[0]>>5)%people]
		d.Play(c, data[0]&31, data[1])
		data = data[2:]
	}
}

// Play runs one command, or a few that form a story. If a client needs a socket, it connects.
func (d *Duel) Play(c *client, what, how byte) {
	if c.conn == 0 && what > 3 && what < 24 {
		what = 2
	}
	if what < 4 && c.number%3 == 2 && how%16 != 0 { // mostly a legacy client
		what, how = 0, 0
	}
	switch what {
	case 0:
		d.connect(c, how%4 != 0, nil)
	case 1, 2, 3:
		d.resume(c, how)
	case 4, 5, 6:
		hold := time.Duration(max(int(how)-192, 0)) * 100 * time.Millisecond
		d.Step(chat.Command{Op: chat.Search, Conn: c.conn, Partner: c.means(how), Hold: hold})
	case 7, 8, 9:
		d.send(c, how)
	case 10:
		if how < 32 { // all clients at once
			for _, c := range d.Clients {
				d.burst(c, 1, true)
			}
			return
		}
		d.burst(c, 1+int(how%6), how >= 160)
	case 11, 12:
		d.away(c, how)
	case 13:
		d.Step(chat.Command{Op: chat.Typing, Conn: c.conn, Start: how%3 != 0})
	case 14, 15, 16:
		d.ack(c, how)
	case 17, 18:
		d.pong(c, how)
	case 19, 20:
		d.hangUp(c)
	case 21:
		if how%2 == 1 {
			d.Step(chat.Command{Op: chat.Sleep, Conn: c.conn, For: times[int(how>>3)%len(times)]})
		}
		d.Step(chat.Command{Op: chat.Detach, Conn: c.conn, Leaves: how%4 < 2})
		c.conn = 0
	case 22:
		d.Step(chat.Command{Op: chat.End, Conn: c.conn})
		c.conn = 0
	case 23:
		if how%8 > 4 {
			d.Step(chat.Command{Op: chat.Prefer, Conn: c.conn, Prefer: preferences(how >> 3)})
			return
		}
		op := []chat.Op{chat.Activity, chat.Malformed, chat.Sleep, chat.AppPing, chat.Heard}[how%8]
		d.Step(chat.Command{Op: op, Conn: c.conn, Refused: chat.ErrBadMessage, For: times[int(how>>4)]})
	case 24:
		d.ghost(c, how)
	case 25, 26:
		if how >= 64 { // a batch that waits for long means many ticks
			d.Save()
		}
		d.Advance(times[how%13])
	case 27:
		d.wait(how)
	case 28:
		d.TakeBatch()
	case 29:
		d.Commit(min(int(how%3), len(d.Flushed)))
	case 30:
		d.Save()
	case 31:
		d.end(how)
	}
}

// preferences are up to three topics and two languages.
func preferences(how byte) *chat.Preferences {
	return &chat.Preferences{Topics: uint64(how & 7), Languages: uint64(how >> 3 & 3)}
}

// pong answers mostly the newest ping, and sometimes between two fragments of a message.
func (d *Duel) pong(c *client, how byte) {
	n := c.ping + uint64(how/250)
	if how < 25 {
		n -= min(n, uint64(how%4))
	}
	d.Rig.Sight(c.conn).Reading = how%16 == 3
	d.Step(chat.Command{Op: chat.Pong, Conn: c.conn, N: n})
	d.Rig.Sight(c.conn).Reading = false
}

// wait advances a long time, or one whose ticks are late.
func (d *Duel) wait(how byte) {
	switch how % 8 {
	case 0:
		for range 3 { // by then nothing is due any more that a batch is waited for again and again
			d.Save()
			d.Advance(10 * time.Minute)
		}
		d.Save()
		d.Advance(times[13+how>>3%3])
	case 1:
		d.sweep()
	case 2, 3, 4:
		d.Now = d.Now.Add(times[how>>3%13])
	default:
		d.Now = d.Now.Add(times[how>>3%13])
		d.Step(chat.Command{Op: chat.Tick})
	}
}

// end ends a run of the server: in order, or with a few of the batches in flight lost.
func (d *Duel) end(how byte) {
	switch how % 8 {
	case 0:
		d.Step(chat.Command{Op: chat.Stop})
		d.Step(chat.Command{Op: chat.Search, Conn: d.Clients[0].conn})
		d.Save()
		fallthrough
	case 1, 2:
		d.crash(min(int(how>>4)%3, len(d.Flushed)))
	case 3:
		d.sweep()
	default:
		d.Save()
	}
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
