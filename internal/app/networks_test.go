package app

import (
	"testing"
	"time"

	"chatme/internal/admin"
	"chatme/internal/chat"
	"chatme/internal/network"
	"chatme/internal/store"
)

// TestSessionRows: a row shows the standing of its own session, and none if that is not in memory or cannot be told apart.
func TestSessionRows(t *testing.T) {
	hash := func(first, last byte) (h chat.Hash) {
		h[0], h[31] = first, last
		return h
	}
	inMemory := []chat.SessionInfo{
		{Hash: hash(1, 0), Network: 7, Proven: true, Ignored: 2, Short: 9, StandsOut: true},
		{Hash: hash(2, 0), Network: 7},
		{Hash: hash(3, 0)}, {Hash: hash(3, 1)}, // have the same name
		{Hash: hash(4, 0), Network: 8},
	}
	tags := network.NewTags(time.Now)
	for name, tt := range map[string]struct {
		row  store.SessionRow
		want *admin.SessionStanding
	}{
		"stands out":      {store.SessionRow{Session: "s_01000000", State: "waiting", Here: "connected"}, &admin.SessionStanding{Network: tags.Of(7), Proven: true, Streaks: admin.Streaks{Ignored: 2, Short: 9}, StandsOut: true}},
		"new":             {store.SessionRow{Session: "s_02000000", State: "idle", Here: "connected"}, &admin.SessionStanding{Network: tags.Of(7)}},
		"away in a chat":  {store.SessionRow{Session: "s_04000000", State: "paired", Here: "away"}, &admin.SessionStanding{Network: tags.Of(8)}},
		"ambiguous":       {store.SessionRow{Session: "s_03000000", State: "waiting", Here: "connected"}, nil},
		"only on disk":    {store.SessionRow{Session: "s_04000000", State: "idle", Here: "away"}, nil},
		"ended":           {store.SessionRow{Session: "s_04000000", State: "ended", Here: "away"}, nil},
		"not loaded here": {store.SessionRow{Session: "s_05000000", State: "waiting", Here: "connected"}, nil},
	} {
		got := sessionRows([]store.SessionRow{tt.row}, inMemory, tags)
		if len(got) != 1 || got[0].SessionRow != tt.row || (got[0].Standing == nil) != (tt.want == nil) || tt.want != nil && *got[0].Standing != *tt.want {
			t.Errorf("%s: %+v, want %+v", name, got[0].Standing, tt.want)
		}
	}
}
