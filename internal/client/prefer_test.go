package client

import (
	"slices"
	"testing"
)

// Preferences are sent as given, and nothing is sent unasked: a reconnect repeats none.
func TestPrefer(t *testing.T) {
	s := newStage(t)
	c, p := s.connect(t, Options{APIKey: "k"})
	ctx := testContext(t)
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1}}`)
	p.says(`{"type":"auth_success"}`, `{"type":"session_id","sessionId":"cm1_x","epoch":"e1","topics":["music","games"],"languages":["de"]}`)
	if m := must(c.Greet(ctx))(t); !slices.Equal(m.Topics, []string{"music", "games"}) || !slices.Equal(m.Languages, []string{"de"}) {
		t.Errorf("offered %q and %q", m.Topics, m.Languages)
	}
	check(t, c.Prefer([]string{"music", "games"}, []string{"de"}))
	check(t, c.Prefer([]string{"music"}, nil))
	check(t, c.Prefer(nil, nil))
	check(t, c.Search())
	p.hears(`{"type":"prefer","topics":["music","games"],"languages":["de"]}`, `{"type":"prefer","topics":["music"]}`,
		`{"type":"prefer"}`, `{"type":"search"}`)
	p.says(`{"type":"matched","partnerId":"p1","common":["music"]}`)
	if m := must(c.Expect(ctx, "matched"))(t); !slices.Equal(m.Common, []string{"music"}) {
		t.Errorf("in common: %q", m.Common)
	}
	c.Drop()
	c, p = s.connect(t, c.Resume())
	check(t, c.Ping())
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":"cm1_x","epoch":"e1","partnerId":"p1"}}`, `{"type":"ping"}`)
}
