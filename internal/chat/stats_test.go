package chat

import "testing"

// Every session in memory is counted once, by its state.
func TestStats(t *testing.T) {
	l := New(Config{NewAlias: func() Alias { return "alias" }, Boot: 3, SessionTTL: 1e9, Limits: Limits{
		QueueWindow: 1e9, ChatWindow: 1e9, IdleAfter: 1e9, MailboxMessages: 9, MailboxBytes: 1 << 20, MailTotal: 1 << 20,
	}})
	arrive := func(conn ConnID) {
		l.Step(At(1), &Command{Op: Attach, Conn: conn, Auth: &Auth{Resumable: true, Fresh: Hash{byte(conn)}}})
	}
	for conn := range ConnID(6) {
		arrive(conn + 1)
	}
	expect := func(want Stats) {
		t.Helper()
		want.Need = Need{57, 57}
		if got := l.Stats(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	expect(Stats{Census: Census{Idle: 6}})
	for conn := range ConnID(3) {
		l.Step(At(5), &Command{Op: Search, Conn: conn + 1, MailKey: &MailKey{1}})
	}
	expect(Stats{Census: Census{Idle: 3, Waiting: 1, Matched: 2}, Matches: 1})
	l.Step(At(9), &Command{Op: Detach, Conn: 2})
	l.Step(At(9), &Command{Op: Detach, Conn: 3})
	l.Step(At(9), &Command{Op: Detach, Conn: 4}) // it never searched: nothing is left
	l.Step(At(9), &Command{Op: Send, Conn: 1, N: 1, Text: "hi"})
	expect(Stats{Census: Census{Idle: 2, Matched: 1, Away: 2}, Matches: 1, MailBytes: entryOverhead + 2})
}
