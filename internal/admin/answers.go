package admin

import (
	"chatme/internal/config"
	"chatme/internal/store"
)

// The answers of the admin socket to the commands that list and change things. Keys and session IDs are in none.
type (
	SessionsAnswer struct {
		Sessions []store.SessionRow `json:"sessions"`
		Total    int64              `json:"total"`
		Unlisted int64              `json:"unlisted"` // old clients that are connected and have not searched yet: they have no row
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
		Problems []string `json:"problems"` // with any, nothing has changed
	}
)

// Announced is the number that a request has to carry in server.TraceHeader.
type Announced struct {
	Number string `json:"number"`
}

// Reloaded is what a reload did. Keys in it are masked.
type Reloaded struct {
	Changed []config.Change `json:"changed"`
	Left    []config.Change `json:"left"` // would need a restart, and stay as they were
}
