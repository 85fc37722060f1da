package chat_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"chatme/internal/chat"
)

// client is somebody the bytes of a fuzz input drive.
type client struct {
	number int
	conn   chat.ConnID   // the newest socket; 0: none
	ghosts []chat.ConnID // older ones
	hash   chat.Hash     // of the session
	fresh  chat.Hash     // of the one it gets if a resume fails
	made   int           // hashes

	alias   chat.Alias // the latest chat it has heard of
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

// FuzzLobby plays what the bytes say and compares the lobby with the model after every step.
func FuzzLobby(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 8 {
		f.Add(randomBytes(r, 300))
	}
	f.Fuzz(func(t *testing.T, data []byte) { drive(t, data[:min(len(data), 1000)]) })
}

// TestLobbyRandom is FuzzLobby with fixed inputs.
func TestLobbyRandom(t *testing.T) {
	const seeds = 150
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 7))
		drive(t, randomBytes(r, 200+r.IntN(400)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// times are the lengths that the rules speak of, and those next to them.
var times = []time.Duration{
	time.Millisecond, 500 * time.Millisecond, 1999 * time.Millisecond, 2 * time.Second, 9 * time.Second,
	10 * time.Second, 29 * time.Second, 30 * time.Second, 31 * time.Second, 60 * time.Second, 119 * time.Second,
	120 * time.Second, 121 * time.Second, 10 * time.Minute, 24 * time.Hour, 25 * time.Hour,
}

// drive reads two bytes a command: who does what, and how.
func drive(tb testing.TB, data []byte) {
	people := 2
	if len(data) > 0 {
		people += int(data[0] % 7)
		data = data[1:]
	}
	d := newDuel(tb, people)
	for len(data) >= 2 {
		c := d.clients[int(data[0]>>5)%people]
		d.play(c, data[0]&31, data[1])
		data = data[2:]
	}
}

// play is one command. What a client cannot do without a socket makes it connect.
func (d *duel) play(c *client, what, how byte) {
	if c.conn == 0 && what > 3 && what < 24 {
		what = 2
	}
	switch what {
	case 0, 1:
		d.connect(c, how%2 == 0, nil)
	case 2, 3:
		d.resume(c, how)
	case 4, 5, 6, 7:
		d.step(chat.Command{Op: chat.Search, Conn: c.conn, Partner: c.means(how)})
	case 8, 9, 10, 11, 12:
		d.send(c, how)
	case 13:
		d.step(chat.Command{Op: chat.Typing, Conn: c.conn, Start: how%3 != 0})
	case 14, 15:
		d.step(chat.Command{Op: chat.Ack, Conn: c.conn, Partner: c.means(how), Got: c.got + uint64(how>>5)/6})
	case 16, 17, 18:
		d.step(chat.Command{Op: chat.Pong, Conn: c.conn, N: c.ping + uint64(how/250)})
	case 19, 20, 21:
		leaves := how%4 == 0
		if how%5 == 1 {
			d.step(chat.Command{Op: chat.Sleep, Conn: c.conn, For: times[int(how>>3)%len(times)]})
		}
		d.step(chat.Command{Op: chat.Detach, Conn: c.conn, Leaves: leaves})
		c.conn = 0
	case 22:
		d.step(chat.Command{Op: chat.End, Conn: c.conn})
		c.conn = 0
	case 23:
		op := []chat.Op{chat.Touch, chat.Malformed, chat.Sleep}[how%3]
		d.step(chat.Command{Op: op, Conn: c.conn, Refused: chat.ErrBadMessage, For: times[int(how>>4)]})
	case 24:
		d.ghost(c, how)
	case 25, 26:
		if how >= 64 { // a batch that waits for long means many ticks
			d.save()
		}
		d.advance(times[how%13])
	case 27:
		if how%8 == 0 {
			d.save()
			d.advance(times[13+how>>3%3])
			return
		}
		d.now = d.now.Add(times[how%13]) // and the tick comes late
		d.step(chat.Command{Op: chat.Tick})
	case 28:
		d.now = d.now.Add(times[how%13])
	case 29:
		d.flush()
	case 30:
		d.commit(min(int(how%3), len(d.flushed)))
	case 31:
		d.end(how)
	}
}

func (d *duel) end(how byte) {
	switch how % 16 {
	case 0:
		d.step(chat.Command{Op: chat.Stop})
		d.save()
		fallthrough
	case 1:
		d.crash(min(int(how>>4)%3, len(d.flushed)))
		for _, c := range d.clients {
			c.conn, c.ghosts = 0, nil
		}
	default:
		d.save()
	}
}

// means names a chat: none, the latest, or one long over.
func (c *client) means(how byte) chat.Alias {
	switch {
	case how%4 == 0:
		return ""
	case how%16 == 1 && len(c.aliases) > 0:
		return c.aliases[int(how>>4)%len(c.aliases)]
	}
	return c.alias
}

func (d *duel) connect(c *client, resumable bool, re *chat.Resume) {
	if c.conn != 0 {
		c.ghosts = append(c.ghosts, c.conn)
	}
	c.fresh = c.newHash()
	c.conn = d.conns + 1
	d.driven[c.conn] = c
	if re == nil {
		c.hash, c.alias, c.aliases, c.got, c.acked, c.n = c.fresh, "", nil, 0, 0, 0
	}
	d.attach(resumable, c.fresh, re)
}

// resume comes back, mostly as an honest client does.
func (d *duel) resume(c *client, how byte) {
	re := &chat.Resume{Hash: c.hash, Epoch: "e1", Partner: c.means(how | 2), Got: c.got, Acked: c.acked}
	switch how {
	case 0, 1, 2, 3:
		re.Got += uint64(how)
	case 4, 5, 6:
		re.Acked += uint64(how - 3)
	case 7:
		re.Got, re.Acked = 0, 0
	case 8, 9:
		re.Epoch = "e0"
	case 10:
		re.Hash = chat.Hash{0xff}
	case 11, 12:
		re.Partner = ""
	case 13, 14, 15, 16, 17:
		re.Partner = c.means(1 | how<<4)
	case 18:
		re.Hash = d.clients[int(how)%len(d.clients)].hash // not its own
	}
	d.connect(c, true, re)
}

// send is a message, mostly the next one.
func (d *duel) send(c *client, how byte) {
	m := chat.Command{Op: chat.Send, Conn: c.conn, Partner: c.means(how), Text: d.body(c.conn)}
	c.n++
	m.N = c.n
	switch how >> 3 {
	case 0:
		m.N, c.n = 0, c.n-1
	case 1:
		m.N += uint64(how & 3)
	case 2:
		m.N -= min(m.N, uint64(how&3))
	case 3:
		m.Text = ""
	case 4:
		m.Refused = chat.ErrBadImage
	}
	d.step(m)
}

// body says which chat it is meant for.
func (d *duel) body(conn chat.ConnID) string {
	w := d.m.at(conn)
	if w == nil {
		return "none"
	}
	return fmt.Sprintf("%d from %d", w.chat, conn)
}

// ghost says something on an old socket, or on none.
func (d *duel) ghost(c *client, how byte) {
	g := chat.ConnID(9999999)
	if len(c.ghosts) > 0 {
		g = c.ghosts[int(how>>4)%len(c.ghosts)]
	}
	ops := []chat.Op{chat.Search, chat.Send, chat.Typing, chat.Ack, chat.End, chat.Detach, chat.Detach, chat.Sleep}
	d.step(chat.Command{Op: ops[how%8], Conn: g, Text: d.body(g), Got: 1, N: 1, Start: true})
}
