package admin

import (
	"chatme/internal/config"
	"chatme/internal/store"
)

// The admin socket's answers to commands that list and change things. None holds a key or a session ID.
type (
	SessionsAnswer struct {
		Sessions []SessionRow `json:"sessions"`
		Total    int64        `json:"total"`
		Unlisted int64        `json:"unlisted"` // connected sessions that have not searched yet: they have no row
	}
	// SessionRow is a row of the database, with what is in memory about its session.
	SessionRow struct {
		store.SessionRow
		Standing *SessionStanding `json:"standing"` // nil: the session is not in memory
	}
	QueueAnswer struct {
		Queue []store.QueueRow `json:"queue"`
		Total int64            `json:"total"`
	}
	PairsAnswer struct {
		Pairs []store.PairRow `json:"pairs"`
		Total int64           `json:"total"`
	}
	KickAnswer struct {
		Session string `json:"session"`
		State   string `json:"state"` // idle, waiting or paired
		Here    bool   `json:"here"`  // it had a socket
	}
	ReloadAnswer struct {
		Reloaded
		Problems []string `json:"problems"` // if there are any, nothing was changed
	}
)

// Announced is the number that a request must carry in server.TraceHeader.
type Announced struct {
	Number string `json:"number"`
}

// Reloaded is the result of a reload. Keys in it are masked.
type Reloaded struct {
	Changed []config.Change `json:"changed"`
	Left    []config.Change `json:"left"` // need a restart; unchanged
}
