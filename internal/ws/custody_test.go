package ws_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/testcard"
	"chatme/internal/ws"
)

// member is a resumable client in a chat, with the state it resumes with.
type member struct {
	*sockets.Person
	site    *sockets.Site
	session protocol.ServerMessage // session_id
	partner string
}

// couple opens two resumable clients that are in a chat.
func couple(t *testing.T, s *sockets.Site) (a, b *member) {
	t.Helper()
	a, b = &member{site: s}, &member{site: s}
	for name, m := range map[string]*member{"a": a, "b": b} {
		m.Person, m.session = s.Resumable(t, name)
	}
	for _, m := range []*member{a, b} {
		m.Send(`{"type":"search"}`)
		m.Expect("searching")
	}
	ma, mb := sockets.Matched(a.Person, b.Person)
	a.partner, b.partner = ma.PartnerID, mb.PartnerID
	return a, b
}

// says sends a message with its number.
func (m *member) says(n int, text string) {
	m.T.Helper()
	m.Send(fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"text":%q}`, m.partner, n, text))
}

func (m *member) acks(got int) {
	m.T.Helper()
	m.Send(fmt.Sprintf(`{"type":"ack","partnerId":%q,"got":%d}`, m.partner, got))
}

// leaves cuts the socket and waits until the partner knows.
func (m *member) leaves(partner *member) {
	m.T.Helper()
	m.Socket.Close()
	partner.Expect("partner_away")
}

// returns resumes on a new socket.
func (m *member) returns(got, acked int) protocol.ServerMessage {
	m.T.Helper()
	m.Person = m.site.Dial(m.T, m.Name)
	m.Send(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1,"sessionId":%q,"epoch":%q,"partnerId":%q,"got":%d,"acked":%d}}`,
		sockets.MobileKey, m.session.SessionID, m.session.Epoch, m.partner, got, acked))
	m.Expect("auth_success")
	return m.Expect("resumed")
}

// acked waits until custody has passed up to n.
func (m *member) acked(n uint64) {
	m.T.Helper()
	for {
		if got := m.Expect("ack"); got.Recv >= n {
			if got.Recv > n {
				m.T.Errorf("%s: recv %d, want %d", m.Name, got.Recv, n)
			}
			return
		}
	}
}

func (m *member) hears(n uint64, text string) {
	m.T.Helper()
	if got := m.Expect("message"); got.N != n || got.Text != text || got.From != m.partner {
		m.T.Errorf("%s received %+v, want %d %q", m.Name, got, n, text)
	}
}

// Stored messages are replayed in order before live ones; the first is the one after the last confirmed number.
func TestHeldBeforeLive(t *testing.T) {
	s := sockets.Open(t)
	a, b := couple(t, s)
	a.says(1, "one")
	b.hears(1, "one")
	a.says(2, "two")
	b.hears(2, "two") // not confirmed
	b.leaves(a)
	a.says(3, "three")
	a.acked(3)
	a.Send(fmt.Sprintf(`{"type":"message","partnerId":%q,"n":4,"imageUrl":"javascript:alert(1)"}`, a.partner))
	if e := a.Expect("error"); e.Code != "bad_image" || e.N != 4 {
		t.Errorf("received %+v", e)
	}
	a.says(5, "five")
	re := b.returns(1, 0)
	a.says(6, "six")
	if re.State != "matched" || re.Partner != "here" || re.Replay != 4 {
		t.Errorf("resumed: %+v", re)
	}
	b.hears(2, "two")
	b.hears(3, "three")
	if g := b.Expect("gap"); g.N != 4 {
		t.Errorf("gap %d", g.N)
	}
	b.hears(5, "five")
	b.hears(6, "six")
	a.Expect("partner_back")
	b.acks(6)
	a.acked(6)
	mailbox(t, s, 0)
}

// mailbox waits until the given number of messages is on disk.
func mailbox(t *testing.T, s *sockets.Site, want int) {
	t.Helper()
	conn := s.Look(t)
	testbed.Eventually(t, fmt.Sprintf("%d messages", want), func() bool {
		var n int
		testbed.Must(t, conn.QueryRowContext(t.Context(), `SELECT count(*) FROM mailbox`).Scan(&n))
		return n == want
	})
}

// An image of several MB passes through the mailbox, and so does one behind it.
func TestLargeImagesAreHeld(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t)
	a, b := couple(t, s)
	b.leaves(a)
	big := testcard.URI(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("picture ", 399_999))))
	for n := 1; n <= 3; n++ {
		a.Send(fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"imageUrl":%q}`, a.partner, n, big))
	}
	a.acked(3)
	b.returns(0, 0)
	for n := uint64(1); n <= 3; n++ {
		if m := b.Expect("message"); m.N != n || m.ImageURL != big {
			t.Fatalf("n %d, %d bytes", m.N, len(m.ImageURL))
		}
	}
}

// A chat that ended leaves a tail, and a session is not matched before it has confirmed its tail.
func TestTailBeforeNextMatch(t *testing.T) {
	s := sockets.Open(t)
	a, b := couple(t, s)
	b.leaves(a)
	a.says(1, "one")
	a.says(2, "two")
	a.acked(2)
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	// b resumes in a chat that is over; it is not matched before it has confirmed its tail.
	if re := b.returns(0, 0); re.State != "ended" || re.Replay != 2 {
		t.Errorf("resumed: %+v", re)
	}
	b.hears(1, "one")
	b.hears(2, "two")
	b.Expect("partner_disconnected")
	b.Expect("searching")
	c := s.Legacy(t, "c")
	c.Send(`{"type":"search"}`)
	c.Expect("searching")
	sockets.Matched(c, a.Person)
	b.Quiet()
	d := s.Legacy(t, "d")
	d.Send(`{"type":"search"}`)
	d.Expect("searching")
	d.Quiet()
	b.acks(2)
	sockets.Matched(b.Person, d)
	mailbox(t, s, 0)
}

func TestMailboxFull(t *testing.T) {
	s := sockets.Open(t, func(_ *ws.Config, c *chat.Config) { c.MailboxMessages = 2 })
	a, b := couple(t, s)
	b.leaves(a)
	for n := 1; n <= 3; n++ {
		a.says(n, fmt.Sprint(n))
	}
	// The refusal needs no commit, so it may arrive before the acks.
	for {
		m, err := a.Next()
		testbed.Must(t, err)
		if m.Type == "error" {
			if m.Code != "mailbox_full" || m.N != 3 {
				t.Errorf("received %+v", m)
			}
			break
		}
	}
	b.returns(0, 0)
	b.hears(1, "1")
	b.hears(2, "2")
	a.Expect("partner_back")
	a.says(3, "3")
	b.hears(3, "3")
}

func TestImpossibleClaimIsClosed(t *testing.T) {
	s := sockets.Open(t)
	a, b := couple(t, s)
	a.says(1, "one")
	b.hears(1, "one")
	b.acks(2)
	b.ExpectClose(protocol.CloseImpossibleClaim, protocol.TextImpossibleClaim)
	c := s.Dial(t, "again")
	c.Send(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1,"sessionId":%q,"partnerId":%q,"acked":1}}`,
		sockets.MobileKey, b.session.SessionID, b.partner))
	c.ExpectClose(protocol.CloseImpossibleClaim, protocol.TextImpossibleClaim)
}

// The session ID is kept only while a replay needs it.
func TestReplayReadsWithTheSessionItCameWith(t *testing.T) {
	s := sockets.Open(t)
	a, b := couple(t, s)
	for round := 1; round <= 3; round++ {
		b.leaves(a)
		a.says(round, fmt.Sprint(round))
		a.acked(uint64(round))
		b.returns(round-1, 0)
		b.hears(uint64(round), fmt.Sprint(round))
		b.acks(round)
		a.Expect("partner_back")
	}
	mailbox(t, s, 0)
}
