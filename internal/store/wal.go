package store

import (
	"log/slog"
	"os"
	"sync"
)

const (
	// walKept is the length in bytes to which a WAL is cut as it is begun anew: four times what it has on most days.
	walKept = 16 << 20
	// walLarge is a length in bytes that no batch brings it to: a reader keeps it from being begun anew.
	walLarge = 128 << 20
)

// walWatch says in the log when the WAL is large, and when it no longer is.
type walWatch struct {
	path  string // static
	limit int64  // bytes; static

	mu    sync.Mutex
	large bool
}

// look is called after a commit; it costs one stat. log may be nil.
func (w *walWatch) look(log *slog.Logger) {
	info, err := os.Stat(w.path)
	if err != nil || log == nil {
		return // SQLite will tell what is wrong with it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	large := info.Size() > w.limit
	if large == w.large {
		return
	}
	w.large = large
	if large {
		log.Warn("the WAL is large and grows: somebody keeps a transaction open; close it (a sqlite3 shell?) or the disk fills",
			"file", w.path, "bytes", info.Size())
	} else {
		log.Info("the WAL is begun anew", "bytes", info.Size())
	}
}
