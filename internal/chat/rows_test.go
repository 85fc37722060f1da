package chat

import "testing"

// TestFirstSearchWaitsForRows: beyond SessionRows no session begins to search, and the sessions with a row go on, and the
// next begins once another has expired.
func TestFirstSearchWaitsForRows(t *testing.T) {
	c := newCrowd(t)
	c.cfg.SessionRows = 2
	a, b := c.couple(1, 2)
	x := c.arrive(Preferences{})
	search := Command{Op: Search, Conn: x.conn}
	if out := c.Step(At(c.at), &search); !out.Full || len(out.Events) != 0 || x.hasRow() || !c.Refuses(&search) {
		t.Errorf("the third session is told %v, full %v", out.Events, out.Full)
	}
	if next := (Command{Op: Search, Conn: a.conn}); c.Refuses(&next) {
		t.Error("a session with a row cannot press Next")
	}
	c.do(Command{Op: End, Conn: b.conn}) // its row records the end
	if !c.Refuses(&search) {
		t.Error("there is room before a row was deleted")
	}
	c.Swept(1, 0)
	if out := c.Step(At(c.at), &search); out.Full || x.Place == 0 && x.partner == nil {
		t.Error("there is no room although a row was deleted")
	}
	c.do(Command{Op: End, Conn: a.conn})
}
