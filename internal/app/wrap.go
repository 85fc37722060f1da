package app

import (
	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/store"
	"chatme/internal/ws"
)

// Wrap lets another program wrap the parts of a server: the mutants, which prove that torture finds bugs, insert their bugs
// here. The zero value does nothing.
type Wrap struct {
	Started func(*store.Started)
	Loaded  func(*chat.Saved)
	Store   func(*store.Store) hub.Store
	Hub     func(*hub.Hub) ws.Hub
}

func (w *Wrap) started(s *store.Started) {
	if w.Started != nil {
		w.Started(s)
	}
}

func (w *Wrap) loaded(s *chat.Saved) {
	if w.Loaded != nil {
		w.Loaded(s)
	}
}

func (w *Wrap) store(db *store.Store) hub.Store {
	if w.Store != nil {
		return w.Store(db)
	}
	return db
}

func (w *Wrap) hub(h *hub.Hub) ws.Hub {
	if w.Hub != nil {
		return w.Hub(h)
	}
	return h
}
