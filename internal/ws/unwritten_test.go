package ws_test

import (
	"bytes"
	"fmt"
	"testing"

	"chatme/internal/secret"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
)

// A session gets its row, with the key that its mail is sealed to, with its first search, also if that follows auth in one
// burst. Before that it leaves nothing, and a resume of it gets a new session and closes the old socket.
func TestRowWithTheFirstSearch(t *testing.T) {
	s := sockets.Open(t)
	db := s.Look(t)
	rows := func() (n int) {
		t.Helper()
		if err := db.QueryRowContext(testbed.Step(t), `SELECT count(*) FROM sessions`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	keyed := func(sessionID string) {
		t.Helper()
		var key []byte
		hash, want := secret.HashOf(sessionID), secret.MailKey(sessionID)
		if err := db.QueryRowContext(testbed.Step(t), `SELECT mail_key FROM sessions WHERE hash = ?`, hash[:]).Scan(&key); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(key, want[:]) {
			t.Errorf("the mail key is %x, want %x", key, want)
		}
	}
	var first *sockets.Person
	var hello string
	for i := range 20 {
		p, m := s.Resumable(t, fmt.Sprint("client ", i))
		p.Send(`{"type":"typing_start"}`)
		p.Send(`{"type":"sleep","forMs":60000}`)
		p.Send(`{"type":"ping"}`)
		p.Expect("pong")
		first, hello = p, m.SessionID
	}
	if n := rows(); n != 0 {
		t.Errorf("%d rows of sessions that never searched, want none", n)
	}

	again := s.Dial(t, "again")
	again.Send(fmt.Sprintf(`{"type":"auth","apiKey":%q,"resume":{"v":1,"sessionId":%q}}`, sockets.MobileKey, hello))
	again.Send(`{"type":"search"}`)
	again.Expect("auth_success")
	if m := again.Expect("resume_failed"); m.Code != "unknown" {
		t.Errorf("the code is %s, want unknown", m.Code)
	}
	replacing := again.Expect("session_id").SessionID
	again.Expect("searching")
	first.ExpectClose(4409, "Replaced by a newer connection")
	keyed(replacing)

	last, m := s.Resumable(t, "last")
	last.Send(`{"type":"search"}`)
	last.Expect("searching")
	keyed(m.SessionID)
	if n := rows(); n != 2 {
		t.Errorf("%d rows, want those of the two sessions that searched", n)
	}
}
