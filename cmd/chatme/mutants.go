//go:build !mutants

package main

import (
	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/store"
	"chatme/internal/ws"
)

// The places at which a build with the tag mutants puts in one bug, to see that torture finds it. In this build
// nothing happens at any of them.

func seededStart(started store.Started, err error) (store.Started, error) { return started, err }

func seededLoad(saved chat.Saved, err error) (chat.Saved, error) { return saved, err }

func seededStore(db *store.Store) hub.Store { return db }

func seededHub(h *hub.Hub) ws.Hub { return h }

// seededEnv is what the server that torture starts needs in its environment to have the same bug.
func seededEnv() []string { return nil }
