package duel

import (
	"fmt"
	"strings"

	"chatme/internal/chat"
)

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

func (d *Duel) connect(c *client, resumable bool, re *chat.Resume) {
	if c.conn != 0 {
		c.ghosts = append(c.ghosts, c.conn)
	}
	if len(c.ghosts) > 4 {
		d.Step(chat.Command{Op: chat.Detach, Conn: c.ghosts[0]})
		c.ghosts = c.ghosts[1:]
	}
	c.fresh = c.newHash()
	c.conn = d.Conns + 1
	d.driven[c.conn] = c
	if re == nil {
		c.hash, c.alias, c.aliases, c.got, c.acked, c.n = c.fresh, "", nil, 0, 0, 0
	}
	d.Attach(resumable, c.fresh, re)
}

// resume reconnects, mostly as an honest client does.
func (d *Duel) resume(c *client, how byte) {
	re := &chat.Resume{Hash: c.hash, Epoch: "e1", Partner: c.alias, Got: c.got, Acked: c.acked}
	switch how % 96 {
	case 1, 2, 3:
		re.Got += uint64(how)
	case 4, 5:
		re.Acked += uint64(how%96) - 3
	case 6:
		re.Acked = max(re.Acked, c.n)
	case 7:
		re.Got, re.Acked = 0, 0
	case 8, 9:
		re.Epoch = "e0"
	case 10:
		re.Hash = chat.Hash{0xff}
	case 11, 12, 13:
		re.Partner = ""
	case 14, 15, 16, 17:
		re.Partner = c.means(1 | how<<4)
	case 18:
		re.Hash = d.Clients[int(how)%len(d.Clients)].hash // another client's
	case 19, 22, 23:
		re.Epoch, re.Partner = "e0", ""
	case 20:
		re.Epoch, re.Partner = "e0", c.means(1|how<<4)
	case 21:
		re.Got = min(re.Got, 1)
	case 24, 25:
		re.Acked = chat.MaxNumber - uint64(how%2)
	case 26:
		re.Got = chat.MaxNumber
	case 27:
		re.Acked = chat.MaxNumber + 1
	case 28:
		re.Got = chat.MaxNumber + 1
	}
	d.connect(c, true, re)
}

// send is a message, mostly the next one.
func (d *Duel) send(c *client, how byte) {
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
	case 9:
		m.N = chat.MaxNumber + uint64(how&1)
	case 5, 6, 7, 8:
		m.Image = picture
	}
	d.Step(m)
}

// picture is more than half of one ring or mailbox, and more than a third of all of them together.
var picture = strings.Repeat("x", 700<<10)

// burst is a few messages at once, as an honest client numbers them.
func (d *Duel) burst(c *client, count int, large bool) {
	for range count {
		c.n++
		m := chat.Command{Op: chat.Send, Conn: c.conn, Partner: c.alias, Text: d.body(c.conn), N: c.n}
		if large {
			m.Image = picture
		}
		d.Step(m)
	}
}

// away: the partner's socket is lost, it is sent messages, and perhaps the chat ends or the partner resumes.
func (d *Duel) away(c *client, how byte) {
	p := d.other(c)
	if p == nil {
		d.Step(chat.Command{Op: chat.Search, Conn: c.conn})
		return
	}
	if how&128 != 0 {
		d.burst(c, 1+int(how>>5&3), false)
	}
	if how&31 == 9 { // after a restart no claim can be disproved
		d.Save()
		d.crash(0)
		d.resume(p, 255)
		d.resume(c, 255)
		d.Save()
		d.burst(c, 4, false)
		d.resume(c, 6)
	}
	d.hangUp(p)
	if how&64 != 0 {
		d.TakeBatch()
	}
	d.burst(c, int(how%5), how%4 == 3)
	switch how >> 3 & 7 {
	case 0, 1:
		d.Step(chat.Command{Op: chat.Search, Conn: c.conn})
	case 2:
		d.Step(chat.Command{Op: chat.End, Conn: c.conn})
		c.conn = 0
	case 3:
		d.Step(chat.Command{Op: chat.Search, Conn: c.conn})
		d.resume(p, 19)
	case 4:
		d.resume(p, 255)
	case 5:
		d.Save()
		d.resume(p, 255)
	}
}

// other is the client in a chat with c.
func (d *Duel) other(c *client) *client {
	w := d.m.At(c.conn)
	if w == nil || d.m.Partner(w) == nil {
		return nil
	}
	for _, p := range d.Clients {
		if p.conn != 0 && p.conn == d.m.Partner(w).Conn {
			return p
		}
	}
	return nil
}

func (d *Duel) hangUp(c *client) {
	d.Step(chat.Command{Op: chat.Detach, Conn: c.conn})
	c.conn = 0
}

// ack confirms, mostly as an honest client does.
func (d *Duel) ack(c *client, how byte) {
	a := chat.Command{Op: chat.Ack, Conn: c.conn, Partner: c.alias, Got: c.got}
	switch {
	case how < 12:
		a.Got += uint64(how % 3)
	case how < 14:
		a.Got = chat.MaxNumber + uint64(how%2)
	case how < 32:
		a.Partner = c.means(how)
	case how < 96:
		a.Got = min(a.Got, uint64(how%4))
	}
	d.Step(a)
}

// body names the chat it is meant for.
func (d *Duel) body(conn chat.ConnID) string {
	w := d.m.At(conn)
	if w == nil {
		return "none"
	}
	text := fmt.Sprintf("%d from %d", w.Chat, conn)
	if d.said++; d.said%5 == 0 {
		text += strings.Repeat("+", 64) // larger than what is held
	}
	return text
}

// ghost sends a frame on an old socket, or on none.
func (d *Duel) ghost(c *client, how byte) {
	g := chat.ConnID(9999999)
	if len(c.ghosts) > 0 {
		g = c.ghosts[int(how>>4)%len(c.ghosts)]
	}
	ops := []chat.Op{chat.Search, chat.Send, chat.Typing, chat.Ack, chat.End, chat.Detach, chat.Detach, chat.Sleep}
	d.Step(chat.Command{Op: ops[how%8], Conn: g, Text: d.body(g), Got: 1, N: 1, Start: true})
}
