package store

import (
	"log/slog"
	"os"
	"sync"
)

// walLarge is a length in bytes that no batch reaches: at that length, a reader is preventing a reset.
const walLarge = 128 << 20

// walWatch logs when the WAL becomes large, and when it no longer is.
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
		return // SQLite will report what is wrong with it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	large := info.Size() > w.limit
	if large == w.large {
		return
	}
	w.large = large
	if large {
		log.Warn("WAL is large and growing because a transaction stays open; close it (perhaps a sqlite3 shell) before the disk fills",
			"file", w.path, "bytes", info.Size())
	} else {
		log.Info("WAL reset", "bytes", info.Size())
	}
}
