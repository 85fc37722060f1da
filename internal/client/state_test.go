package client

import (
	"encoding/json"
	"reflect"
	"testing"

	"chatme/internal/protocol"
)

const ended = `{"type":"resumed","epoch":"e","state":"ended","partnerId":"p"}`

// TestStateFollowsTheServer: the state with which a client resumes after these frames.
func TestStateFollowsTheServer(t *testing.T) {
	var (
		idle = State{SessionID: "s", Epoch: "e"}
		in   = State{SessionID: "s", Epoch: "e", Partner: "p", Got: 3, Sent: 4, Acked: 2, Copies: []Body{{N: 3, Text: "c"}, {N: 4, Text: "d"}}}
	)
	of := func(s State, change func(*State)) State {
		s = s.clone()
		change(&s)
		return s
	}
	asked := of(idle, func(s *State) { s.Asked = true })
	over := of(in, func(s *State) { s.Over = true })
	for name, tt := range map[string]struct {
		from   State
		frames []string
		want   State
	}{
		"the partner ends it":                {in, []string{`{"type":"partner_disconnected"}`}, over},
		"over, then a search is answered":    {over, []string{`{"type":"searching"}`}, over},
		"Next is answered":                   {in, []string{`{"type":"searching"}`}, idle},
		"the end crosses Next":               {in, []string{`{"type":"partner_disconnected"}`, `{"type":"searching"}`}, over},
		"over, and the next begins":          {over, []string{`{"type":"matched","partnerId":"q"}`}, of(idle, func(s *State) { s.Partner = "q" })},
		"over, and the session ends":         {over, []string{`{"type":"chat_ended"}`}, State{}},
		"over, and a fresh session":          {over, []string{`{"type":"resume_failed"}`, `{"type":"session_id","sessionId":"t","epoch":"f"}`}, State{SessionID: "t", Epoch: "f"}},
		"a search is answered":               {asked, []string{`{"type":"searching"}`}, idle},
		"a search and a fresh session":       {asked, []string{`{"type":"resume_failed"}`, `{"type":"session_id","sessionId":"t","epoch":"f"}`}, State{SessionID: "t", Epoch: "f", Asked: true}},
		"a search that arrived":              {asked, []string{`{"type":"resumed","epoch":"e","state":"searching"}`}, idle},
		"a search that did not arrive":       {asked, []string{`{"type":"resumed","epoch":"e","state":"idle"}`}, asked},
		"a search, and then a chat":          {asked, []string{`{"type":"resumed","epoch":"e","state":"matched","partnerId":"q"}`}, of(idle, func(s *State) { s.Partner = "q" })},
		"a Next that did not arrive":         {of(in, func(s *State) { s.Asked = true }), []string{`{"type":"resumed","epoch":"e","state":"matched","partnerId":"p","recv":2,"last":4}`}, of(in, func(s *State) { s.Asked = true })},
		"a Next that is dropped":             {of(in, func(s *State) { s.Asked = true }), []string{`{"type":"partner_disconnected"}`}, over},
		"the end without a chat":             {idle, []string{`{"type":"partner_disconnected"}`}, idle},
		"a tail, then the queue":             {in, []string{ended, `{"type":"message","from":"p","n":4}`, `{"type":"message","from":"p","n":5}`, `{"type":"partner_disconnected"}`, `{"type":"searching"}`}, of(over, func(s *State) { s.Got = 5 })},
		"a tail that was lost halfway":       {in, []string{ended, `{"type":"message","from":"p","n":4}`}, of(over, func(s *State) { s.Got = 4 })},
		"a tail of an unknown chat":          {idle, []string{`{"type":"resumed","epoch":"e","state":"searching"}`, `{"type":"matched","partnerId":"q"}`, `{"type":"message","from":"q","n":1}`, `{"type":"partner_disconnected"}`, `{"type":"searching"}`}, of(idle, func(s *State) { s.Partner, s.Over, s.Got = "q", true, 1 })},
		"back in the chat":                   {in, []string{`{"type":"resumed","epoch":"e","state":"matched","partnerId":"p","recv":3,"last":3}`}, of(in, func(s *State) { s.Acked, s.Copies = 3, s.Copies[1:] })},
		"back in an unknown chat":            {idle, []string{`{"type":"resumed","epoch":"e","state":"matched","partnerId":"q"}`}, of(idle, func(s *State) { s.Partner = "q" })},
		"numbers that were never used":       {in, []string{`{"type":"resumed","epoch":"e","state":"matched","partnerId":"p","recv":2,"last":9}`}, of(in, func(s *State) { s.Sent, s.Copies = 9, nil })},
		"another epoch":                      {in, []string{`{"type":"resumed","epoch":"f","state":"ended","partnerId":"p","gap":true}`, `{"type":"partner_disconnected"}`}, of(over, func(s *State) { s.Epoch = "f" })},
		"duplicates":                         {in, []string{`{"type":"message","from":"p","n":3}`, `{"type":"message","from":"p","n":1}`}, in},
		"a missing message":                  {in, []string{`{"type":"message","from":"p","n":5}`}, of(in, func(s *State) { s.Got = 5 })},
		"a gap":                              {in, []string{`{"type":"gap","n":6}`}, of(in, func(s *State) { s.Got = 6 })},
		"a message of another chat":          {in, []string{`{"type":"message","from":"q","n":9}`}, in},
		"an ack that is older":               {in, []string{`{"type":"ack","recv":1}`}, in},
		"an ack":                             {in, []string{`{"type":"ack","recv":4}`}, of(in, func(s *State) { s.Acked, s.Copies = 4, s.Copies[2:] })},
		"a full mailbox keeps the copies":    {in, []string{`{"type":"error","code":"mailbox_full","n":3}`}, in},
		"a number refused for good is spent": {in, []string{`{"type":"error","code":"bad_image","n":3}`}, of(in, func(s *State) { s.Copies = s.Copies[1:] })},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.from.clone()
			for _, frame := range tt.frames {
				var m protocol.ServerMessage
				check(t, json.Unmarshal([]byte(frame), &m))
				got.apply(&m)
			}
			if len(got.Copies) == 0 && len(tt.want.Copies) == 0 {
				got.Copies, tt.want.Copies = nil, nil
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
