package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// placeEvery is how often the server looks whether its database is where it was; it costs a few stats.
const placeEvery = 2 * time.Second

// VanishedMessage is what the log says once the database is not where it was.
const VanishedMessage = "database files vanished; serving on from those that are open"

// databasePlace knows whether the files of the database are those that the server has open. Its zero value believes that they
// are.
type databasePlace struct {
	why atomic.Pointer[error] // nil: they are
}

// lost returns why they are not, as of the last look.
func (p *databasePlace) lost() error {
	if why := p.why.Load(); why != nil {
		return *why
	}
	return nil
}

// watch looks at db until ctx ends, and logs what changes. The server goes on meanwhile: those who are connected lose nothing
// by it, and the operator can save what it has open.
func (p *databasePlace) watch(ctx context.Context, db interface{ Intact() error }, log *slog.Logger) {
	ticker := time.NewTicker(placeEvery)
	defer ticker.Stop()
	for {
		p.look(db.Intact(), log)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// look takes note of what a look has found.
func (p *databasePlace) look(found error, log *slog.Logger) {
	before := p.lost()
	switch {
	case found == nil && before != nil:
		p.why.Store(nil)
		log.Info("database files back in place")
	case found != nil && (before == nil || before.Error() != found.Error()):
		p.why.Store(&found)
		log.Error(VanishedMessage, "error", found)
	}
}
