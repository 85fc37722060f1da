package admin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatme/internal/admin"
	"chatme/internal/metrics"
)

type fullDisk struct{ error }

func (fullDisk) DiskFull() bool { return true }

// healthy returns a server without problems.
func healthy() admin.Health {
	return admin.Health{
		Stopping:      func() bool { return false },
		CommittingFor: func() time.Duration { return 0 },
		Failure:       func() error { return nil },
		FreeSpace:     func() (int64, error) { return 1 << 30, nil },
		Database:      func() error { return nil },
	}
}

// open returns an admin server with the given health, and its metrics.
func open(t *testing.T, h admin.Health) (*admin.Server, *metrics.Metrics) {
	t.Helper()
	m := metrics.New()
	s, err := admin.New(admin.Config{Health: h, Metrics: admin.Metrics{Metrics: m, History: metrics.NewHistory(m)}})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func TestHealth(t *testing.T) {
	stuckFor := func(d time.Duration) func(*admin.Health) {
		return func(h *admin.Health) { h.CommittingFor = func() time.Duration { return d } }
	}
	failsWith := func(err error) func(*admin.Health) {
		return func(h *admin.Health) { h.Failure = func() error { return err } }
	}
	for name, test := range map[string]struct {
		change      func(*admin.Health)
		live, ready string // what the answer begins with
	}{
		"nothing is wrong": {func(*admin.Health) {}, "ok", "ok"},
		"a slow commit":    {stuckFor(1900 * time.Millisecond), "ok", "ok"},
		"a stuck commit":   {stuckFor(2 * time.Second), "ok", "the store is stuck: a commit has had no result for 2s"},
		"stuck for long":   {stuckFor(59 * time.Second), "ok", "the store is stuck"},
		"stuck for good": {stuckFor(time.Minute), "a commit has had no result for 1m0s: is the disk stuck?",
			"the store is stuck: a commit has had no result for 1m0s"},
		"a lock is held":       {failsWith(errors.New("locked")), "ok", "commits fail: locked"},
		"the disk is full":     {failsWith(fullDisk{errors.New("no space")}), "ok", "the disk is full: no space"},
		"no space is free":     {func(h *admin.Health) { h.FreeSpace = func() (int64, error) { return 5, nil } }, "ok", "the disk is full: 5 bytes free"},
		"the disk is mute":     {func(h *admin.Health) { h.FreeSpace = func() (int64, error) { return 0, errors.New("gone") } }, "ok", "cannot read the free disk space: gone"},
		"the database is gone": {func(h *admin.Health) { h.Database = func() error { return errors.New("chatme.db was removed") } }, "ok", "chatme.db was removed"},
		"a stop has begun":     {func(h *admin.Health) { h.Stopping = func() bool { return true } }, "ok", "stopping"},
	} {
		t.Run(name, func(t *testing.T) {
			h := healthy()
			test.change(&h)
			s, _ := open(t, h)
			for path, want := range map[string]string{"/livez": test.live, "/readyz": test.ready} {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				status := http.StatusServiceUnavailable
				if want == "ok" {
					status = http.StatusOK
				}
				body := w.Body.String()
				if w.Code != status || !strings.HasPrefix(body, want) || strings.Count(body, "\n") != 1 {
					t.Errorf("%s: %d %q, want %d %q…, one line", path, w.Code, body, status, want)
				}
			}
		})
	}
}
