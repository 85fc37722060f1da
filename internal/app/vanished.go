package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// placeEvery is how often the server checks that its database files are still in place; a check costs a few stats.
const placeEvery = 2 * time.Second

// VanishedMessage is logged when the database files are no longer in place.
const VanishedMessage = "database files vanished, continuing with the open files"

// databasePlace knows whether the database's files are those that the server has open. Its zero value assumes that they are.
type databasePlace struct {
	why atomic.Pointer[error] // nil: they are
}

// lost returns why they are not, as of the last check.
func (p *databasePlace) lost() error {
	if why := p.why.Load(); why != nil {
		return *why
	}
	return nil
}

// watch checks db until ctx ends and logs changes. The server continues meanwhile: connected clients lose nothing, and the
// operator can save the open files.
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

// look records the result of a check.
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
