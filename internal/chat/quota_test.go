package chat

import (
	"strings"
	"testing"
	"time"
)

// couple makes two new sessions of networks a and b, and matches them.
func (c *crowd) couple(a, b Network) (x, y *session) {
	c.tb.Helper()
	var both [2]*session
	for i, n := range []Network{a, b} {
		c.conns++
		h := Hash{byte(c.conns), byte(c.conns >> 8), 1}
		c.do(Command{Op: Attach, Conn: c.conns, Auth: &Auth{Resumable: true, Fresh: h, Network: n}})
		c.do(Command{Op: Search, Conn: c.conns, MailKey: &MailKey{1}})
		both[i] = c.Lobby.conns[c.conns]
	}
	if both[0].partner != both[1] {
		c.tb.Fatal("not matched")
	}
	return both[0], both[1]
}

// says sends a body of a size from s, and reports whether it was accepted.
func (c *crowd) says(s *session, size int) bool {
	last := s.out.last
	c.do(Command{Op: Send, Conn: s.conn, N: last + 1, Text: strings.Repeat("x", size)})
	return s.out.last > last
}

func newQuotas(t *testing.T) *crowd {
	c := newCrowd(t)
	c.cfg.RingMessages, c.cfg.RingBytes, c.cfg.RingTotal = 200, 32<<20, 256<<20
	c.cfg.MailboxMessages, c.cfg.MailboxBytes, c.cfg.MailTotal = 200, 32<<20, 1<<30
	c.cfg.NetworkShare, c.cfg.NetworkMail = 8, 64<<20
	return c
}

// TestPartnersThatNeverAckHoldTheirShare: sessions of one network that confirm nothing hold an eighth of the rings; other
// networks notice nothing.
func TestPartnersThatNeverAckHoldTheirShare(t *testing.T) {
	c := newQuotas(t)
	const picture = 15 << 20
	refused := 0
	for n := range Network(14) {
		a, _ := c.couple(100+n, 9)
		for c.says(a, picture) {
		}
		refused++
	}
	if held := c.quotas[9].ring; held > c.cfg.RingTotal/8 || held < picture || c.ringBytes != held {
		t.Errorf("the network holds %d bytes of %d, and all %d", held, c.cfg.RingTotal, c.ringBytes)
	}
	a, b := c.couple(1, 2)
	if !c.says(a, picture) || !c.says(b, picture) {
		t.Error("other networks cannot send pictures")
	}
	if x, _ := c.couple(3, 9); c.says(x, 100) != (c.quotas[9].ring+400 < c.cfg.RingTotal/8) {
		t.Error("a text to the network was refused although it fits, or the reverse")
	}
}

// TestLargeBodyIsLetInAlone: however small its share, a network gets one picture at a time.
func TestLargeBodyIsLetInAlone(t *testing.T) {
	c := newQuotas(t)
	c.cfg.NetworkShare = 64
	a, b := c.couple(1, 2)
	if !c.says(a, 15<<20) || c.says(a, 15<<20) {
		t.Error("not exactly one picture was accepted")
	}
	c.do(Command{Op: Ack, Conn: b.conn, Got: 1})
	if c.quotas[2].ring != 0 || !c.says(a, 15<<20) {
		t.Error("the next was refused after the first was confirmed")
	}
}

// TestTextPassesWhenPicturesFillTheRings: pictures of many networks leave a quarter for small bodies.
func TestTextPassesWhenPicturesFillTheRings(t *testing.T) {
	c := newQuotas(t)
	var all []*session
	for n := range Network(40) {
		a, _ := c.couple(100+2*n, 101+2*n)
		for c.says(a, 15<<20) {
		}
		all = append(all, a)
	}
	if most := c.cfg.RingTotal * 3 / 4; c.ringBytes > most || c.ringBytes < most-16<<20 {
		t.Errorf("pictures hold %d of %d bytes", c.ringBytes, c.cfg.RingTotal)
	}
	for _, s := range all {
		if !c.says(s, 60<<10) {
			t.Error("a text was refused")
		}
	}
}

// TestMailboxesFilledByOneNetwork: a network writes at most its quota into mailboxes, for as long as they are held.
func TestMailboxesFilledByOneNetwork(t *testing.T) {
	c := newQuotas(t)
	var away []*session
	for n := range Network(36) {
		a, b := c.couple(9, 100+n)
		c.do(Command{Op: Detach, Conn: b.conn})
		for c.says(a, 15<<20) {
		}
		away = append(away, b)
	}
	if held := c.quotas[9].mail; held > 64<<20 || held < 48<<20 || held != c.mail.bytes {
		t.Errorf("the network holds %d bytes in mailboxes, and all %d", held, c.mail.bytes)
	}
	a, b := c.couple(1, 2)
	c.do(Command{Op: Detach, Conn: b.conn})
	if !c.says(a, 15<<20) {
		t.Error("mail of another network was refused")
	}
	// The chats are over, and the sessions leave memory with their mail.
	held := c.quotas[9].mail
	first := away[0].Hash
	found := &Found{Record: away[0].Record}
	for _, e := range away[0].mail.entries {
		found.Mail = append(found.Mail, Held{To: away[0].ID, Pair: away[0].mail.pair, From: away[0].mail.from, N: e.n, Size: e.size})
	}
	c.at = c.at.Add(3 * time.Hour)
	c.do(Command{Op: Tick})
	c.at = c.at.Add(3 * time.Hour)
	c.do(Command{Op: Tick})
	if c.sessions[first] != nil || c.quotas[9].mail != held {
		t.Fatalf("in memory %v; the quota is %d, want %d", c.sessions[first] != nil, c.quotas[9].mail, held)
	}
	found.Pair, found.Place, found.AwaySince = 0, 0, c.at-1
	c.conns++
	c.do(Command{Op: Attach, Conn: c.conns, Auth: &Auth{Resumable: true, Fresh: Hash{250}, Resume: &Resume{Hash: first}, Found: found}})
	s := c.Lobby.conns[c.conns]
	size := int64(s.mail.bytes)
	c.do(Command{Op: Ack, Conn: s.conn, Partner: s.mail.from, Got: s.mail.last()})
	if got := c.quotas[9].mail; got != held-size || size == 0 {
		t.Errorf("the quota is %d after %d bytes were delivered, want %d", got, size, held-size)
	}
	// The rest expires with its sessions, and then nothing is known of the network.
	c.at = c.at.Add(c.cfg.SessionTTL)
	x, _ := c.couple(7, 8)
	c.do(Command{Op: End, Conn: x.conn})
	for n := range c.quotas {
		if n == 9 && c.quotas[n].mail != 0 {
			t.Errorf("the network still holds %d bytes", c.quotas[n].mail)
		}
	}
}

// TestPicturePassesWhereTheRingsHoldOne: on a small machine the rings are hardly larger than one picture, which passes.
func TestPicturePassesWhereTheRingsHoldOne(t *testing.T) {
	c := newQuotas(t)
	c.cfg.RingBytes, c.cfg.RingTotal = 17<<20, 17<<20
	a, b := c.couple(1, 2)
	if !c.says(b, 1000) || !c.says(a, 15<<20) {
		t.Error("a picture was refused")
	}
}
