package admin

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

const (
	// liveWithin is how long a commit may be without a result before the process is worth restarting. The store waits
	// five seconds for a lock; a disk that is busy with something else may take longer, and a restart does not help it.
	liveWithin = time.Minute
	// readyWithin is the same for being ready: who waits longer to be told anything had better go elsewhere.
	readyWithin = 2 * time.Second
	// leastSpace is how much of the disk must be free, in bytes: a page of each table and some of the WAL.
	leastSpace = 1 << 20
)

// Health is what the two questions about the server's health look at. All are called at each request and MUST NOT block
// for long.
type Health struct {
	Stopping      func() bool           // a stop has begun
	CommittingFor func() time.Duration  // how long the write under way has had no result; 0: there is none
	Failure       func() error          // of the last try to commit; one with DiskFull() true means just that
	FreeSpace     func() (int64, error) // bytes of the disk that the database may take
	Database      func() error          // why the files of the database are no longer those that the server has open
}

func (h *Health) complete() bool {
	return h.Stopping != nil && h.CommittingFor != nil && h.Failure != nil && h.FreeSpace != nil && h.Database != nil
}

// Live returns why the process should be killed and started again, nil if it should not: its committer has been stuck
// for a minute.
func (h *Health) Live() error {
	if t := h.CommittingFor(); t >= liveWithin {
		return fmt.Errorf("a commit has had no result for %v: is the disk stuck?", t.Round(time.Second))
	}
	return nil
}

// Ready returns why the server should get no traffic now, nil if it should.
func (h *Health) Ready() error {
	if h.Stopping() {
		return errors.New("stopping")
	}
	if err := h.Database(); err != nil {
		return err
	}
	if t := h.CommittingFor(); t >= readyWithin {
		return fmt.Errorf("the store is stuck: a commit has had no result for %v", t.Round(time.Second))
	}
	if err := h.Failure(); err != nil {
		if full, ok := errors.AsType[interface {
			error
			DiskFull() bool
		}](err); ok && full.DiskFull() {
			return fmt.Errorf("the disk is full: %w", err)
		}
		return fmt.Errorf("the store fails: %w", err)
	}
	free, err := h.FreeSpace()
	if err != nil {
		return fmt.Errorf("the disk cannot be asked for its free space: %w", err)
	}
	if free < leastSpace {
		return fmt.Errorf("the disk is full: %d bytes are free; free some space", free)
	}
	return nil
}

// healthRoutes adds the two questions to r.
func (s *Server) healthRoutes(r chi.Router) {
	r.Get("/livez", answerHealth(s.health.Live))
	r.Get("/readyz", answerHealth(s.health.Ready))
}

// answerHealth answers 200 and "ok", or 503 and the reason, in one line.
func answerHealth(ask func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := ask(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte("ok\n"))
	}
}
