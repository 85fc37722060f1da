package lobby

import (
	"encoding/json"
	"strings"
	"testing"
)

type ear struct{ heard []string }

func (e *ear) Send(data []byte) {
	var m Message
	if json.Unmarshal(data, &m) == nil {
		e.heard = append(e.heard, strings.TrimSpace(m.Type+" "+m.Text))
	}
}
func (e *ear) End(int, string) { e.heard = append(e.heard, "end") }

func (e *ear) want(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(e.heard, ", "); got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	e.heard = nil
}

func TestChat(t *testing.T) {
	l := New("k")
	ears := [3]*ear{{}, {}, {}}
	var people [3]*Person
	for i, e := range ears {
		people[i] = l.Join(e)
		people[i].Handle([]byte(`{"type":"auth","apiKey":"k"}`))
		people[i].Handle([]byte(`{"type":"search"}`))
	}
	ears[0].want(t, "auth_success, searching, matched")
	ears[1].want(t, "auth_success, searching, matched")
	ears[2].want(t, "auth_success, searching")
	people[0].Handle([]byte(`{"type":"message","text":"hi"}`))
	people[0].Handle([]byte(`{"type":"typing_start"}`))
	people[2].Handle([]byte(`{"type":"message","text":"nobody"}`))
	people[2].Handle([]byte(`{"type":"ping"}`))
	ears[1].want(t, "message hi, typing_start")
	ears[2].want(t, "pong")
	people[0].Handle([]byte(`{"type":"search"}`)) // the remaining partner precedes the one that leaves
	ears[1].want(t, "partner_disconnected, matched")
	ears[2].want(t, "matched")
	ears[0].want(t, "searching")
	people[1].Leave()
	ears[2].want(t, "partner_disconnected, matched")
	people[2].Handle([]byte(`{"type":"end_chat"}`))
	ears[2].want(t, "chat_ended, end")
	ears[0].want(t, "matched, partner_disconnected")

	stranger := &ear{}
	l.Join(stranger).Handle([]byte(`{"type":"search"}`))
	stranger.want(t, "auth_error, end")
	l.Join(stranger).Handle([]byte(`{"type":"auth","apiKey":"x"}`))
	stranger.want(t, "auth_error, end")
}
