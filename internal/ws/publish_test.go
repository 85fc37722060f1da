package ws

import "testing"

// An operator who filters for errors does not see clients that just left.
func TestWentWrong(t *testing.T) {
	for _, tt := range []struct {
		code   int
		reason string
		want   bool
	}{
		{1000, "Chat ended", false}, {1001, "closed by peer", false}, {1005, "closed by peer", false}, {1012, "Server restarting", false},
		{4100, "Idle", false}, {4409, "Replaced by a newer connection", false}, {4410, "Revoked", false},
		{0, "socket lost", false}, {0, "silent", false}, {0, writeFailed, false},
		{1007, "invalid UTF-8", true}, {1009, "frame too large", true}, {1013, "no room for a frame", true}, {1002, "closed by peer", true},
		{4001, "invalid API key", true}, {4400, "Impossible claim", true}, {4408, "no auth in time", true}, {4429, "", true},
		{0, "reader too slow", true}, {0, "mailbox unreadable", true}, {0, "frame stalled", true}, {0, "close timed out", true},
	} {
		c := Conn{code: tt.code, reason: tt.reason}
		if got := c.wentWrong(); got != tt.want {
			t.Errorf("%d %q: went wrong %v, want %v", tt.code, tt.reason, got, tt.want)
		}
	}
}
