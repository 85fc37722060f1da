package client

import "testing"

// A search whose answer was lost with its socket stays asked in the new session that replaces the lost one, however often
// the socket is lost meanwhile.
func TestSearchIsAskedUntilItIsAnswered(t *testing.T) {
	s, ctx := newStage(t), testContext(t)
	c, p := s.connect(t, Options{APIKey: "k"})
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1}}`)
	p.says(`{"type":"auth_success"}`, `{"type":"session_id","sessionId":"cm1_x","epoch":"e1"}`)
	must(c.Greet(ctx))(t)
	check(t, c.Search())
	p.hears(`{"type":"search"}`)
	c.Drop()

	c, p = s.connect(t, c.Resume())
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":"cm1_x","epoch":"e1"}}`)
	p.says(`{"type":"auth_success"}`, `{"type":"resume_failed","code":"unknown"}`)
	must(c.Expect(ctx, "auth_success"))(t)
	must(c.Expect(ctx, "resume_failed"))(t)
	c.Drop()

	c, p = s.connect(t, c.Resume())
	p.hears(`{"type":"auth","apiKey":"k","resume":{"v":1}}`)
	p.says(`{"type":"auth_success"}`, `{"type":"session_id","sessionId":"cm1_y","epoch":"e1"}`)
	must(c.Greet(ctx))(t)
	if got := c.State(); got.SessionID != "cm1_y" || !got.Asked {
		t.Errorf("state %+v, want the new session and an unanswered search", got)
	}
	check(t, c.Search())
	p.hears(`{"type":"search"}`)
	p.says(`{"type":"searching"}`)
	must(c.Expect(ctx, "searching"))(t)
	if c.State().Asked {
		t.Error("the search is answered")
	}
}
