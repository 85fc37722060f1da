package protocol

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"chatme/internal/chat"
)

var offer = Offer{Topics: []string{"music", "games", "日本"}, Languages: []string{"en", "de"}}

func TestPrefer(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		want chat.Preferences
		err  error
	}{
		"both":              {in: `{"type":"prefer","topics":["music","games"],"languages":["de"]}`, want: chat.Preferences{Topics: 3, Languages: 2}},
		"nothing":           {in: `{"type":"prefer"}`},
		"null":              {in: `{"type":"prefer","topics":null,"languages":null}`},
		"empty":             {in: `{"type":"prefer","topics":[],"languages":[ ]}`},
		"not on offer":      {in: `{"type":"prefer","topics":["drugs","games","Music"]}`, want: chat.Preferences{Topics: 2}},
		"twice":             {in: `{"type":"prefer","topics":["games","games"]}`, want: chat.Preferences{Topics: 2}},
		"escaped":           {in: `{"type":"prefer","topics":["gam\u0065s" , "日\u672c"]}`, want: chat.Preferences{Topics: 6}},
		"regional":          {in: `{"type":"prefer","languages":["DE-AT","fr"]}`, want: chat.Preferences{Languages: 2}},
		"not an array":      {in: `{"type":"prefer","topics":"music"}`, err: ErrField},
		"not strings":       {in: `{"type":"prefer","topics":["music",1]}`, err: ErrField},
		"nested":            {in: `{"type":"prefer","languages":[["de"]]}`, err: ErrField},
		"of another type":   {in: `{"type":"search","topics":3}`, want: chat.Preferences{Topics: 99}},
		"thousands of them": {in: `{"type":"prefer","topics":[` + strings.Repeat(`"x",`, 9000) + `"music"]}`, want: chat.Preferences{Topics: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Rules{MaxText: 10, Offer: offer}
			var f Frame
			err := r.Decode([]byte(tt.in), &f)
			want := command(chat.Command{Op: chat.Prefer, Prefer: &tt.want})
			if tt.want.Topics == 99 {
				want = command(chat.Command{Op: chat.Search})
			}
			if !errors.Is(err, tt.err) || err == nil && !reflect.DeepEqual(f, want) {
				t.Errorf("%v, %+v", err, f.Command)
			}
		})
	}
}

// What an operator does not offer is not in a frame.
func TestOffer(t *testing.T) {
	full := Offer{Topics: make([]string, MaxOffer)}
	for i := range full.Topics {
		full.Topics[i] = strings.Repeat("t", i%9+1)
	}
	for name, tt := range map[string]struct {
		event chat.Event
		offer Offer
		want  string
	}{
		"disabled":       {chat.Event{Kind: chat.SessionID}, Offer{}, `"maxBytes":0}`},
		"session_id":     {chat.Event{Kind: chat.SessionID}, offer, `,"topics":["music","games","日本"],"languages":["en","de"]}`},
		"topics only":    {chat.Event{Kind: chat.SessionID}, Offer{Topics: []string{`a"b`}}, `"maxBytes":0,"topics":["a\"b"]}`},
		"resumed":        {chat.Event{Kind: chat.Resumed, Resumed: &chat.Resumption{}}, offer, `,"topics":["music","games","日本"],"languages":["en","de"]}`},
		"nothing common": {chat.Event{Kind: chat.Matched, Alias: "P"}, offer, `{"type":"matched","partnerId":"P"}`},
		"common":         {chat.Event{Kind: chat.Matched, Alias: "P", Common: 5}, offer, `{"type":"matched","partnerId":"P","common":["music","日本"]}`},
		"the last of 64": {chat.Event{Kind: chat.Matched, Alias: "P", Common: 1 << 63}, full, `{"type":"matched","partnerId":"P","common":["t"]}`},
		"no longer":      {chat.Event{Kind: chat.Matched, Alias: "P", Common: 1 << 9}, offer, `{"type":"matched","partnerId":"P"}`},
	} {
		if got := string(Append(nil, &tt.event, &Hello{Offer: tt.offer})); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %s, want …%s", name, got, tt.want)
		}
	}
}
