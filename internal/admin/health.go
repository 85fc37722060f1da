package admin

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

const (
	// liveWithin is how long a commit may have no result before the process should be restarted. The store waits five seconds
	// for a lock; a busy disk may take longer, and a restart does not help it.
	liveWithin = time.Minute
	// readyWithin is the same for readiness: clients that would wait longer should go elsewhere.
	readyWithin = 2 * time.Second
	// leastSpace is how much disk space must be free, in bytes: a page of each table and some of the WAL.
	leastSpace = 1 << 20
)

// Health holds the inputs of the two health checks. All functions are called at each request and MUST NOT block for long.
type Health struct {
	Stopping      func() bool           // shutdown has begun
	CommittingFor func() time.Duration  // how long the current write has had no result; 0: there is none
	Failure       func() error          // of the last commit attempt; DiskFull() reports a full disk
	FreeSpace     func() (int64, error) // bytes of disk space that the database may use
	Database      func() error          // why the database's files are no longer those that the server has open
}

func (h *Health) complete() bool {
	return h.Stopping != nil && h.CommittingFor != nil && h.Failure != nil && h.FreeSpace != nil && h.Database != nil
}

// Live returns why the process should be restarted, nil if it should not: its committer has been stuck for a minute.
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
		return fmt.Errorf("commits fail: %w", err)
	}
	free, err := h.FreeSpace()
	if err != nil {
		return fmt.Errorf("cannot read the free disk space: %w", err)
	}
	if free < leastSpace {
		return fmt.Errorf("the disk is full: %d bytes free; free some space", free)
	}
	return nil
}

// healthRoutes adds the two health checks to r.
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
