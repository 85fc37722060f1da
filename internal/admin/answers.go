package admin

import (
	"chatme/internal/config"
	"chatme/internal/store"
)

// The admin socket's answers to commands that list and change things. None holds a key or a session ID.
type (
	SessionsAnswer struct {
		Sessions []store.SessionRow `json:"sessions"`
		Total    int64              `json:"total"`
		Unlisted int64              `json:"unlisted"` // connected sessions that have not searched yet: they have no row
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
