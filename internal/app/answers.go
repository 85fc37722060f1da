package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"chatme/internal/admin"
	"chatme/internal/chat"
	"chatme/internal/tail"
)

// listMax bounds what one list holds, whatever is asked for.
const listMax = 10_000

// answerOperator adds to the admin socket what the operator's commands ask.
func (s *instance) answerOperator() {
	get := func(path string, ask func(*http.Request) (any, error)) {
		s.admin.Handle(http.MethodGet, path, admin.Answer(ask))
	}
	post := func(path string, ask func(*http.Request) (any, error)) {
		s.admin.Handle(http.MethodPost, path, admin.Answer(ask))
	}
	s.admin.Handle(http.MethodGet, "/tail", s.tail)
	get("/about", func(*http.Request) (any, error) { return s.about(), nil })
	post("/trace", func(*http.Request) (any, error) { return s.announce() })
	get("/trace", s.trace)
	get("/sessions", s.answerSessions)
	get("/queue", func(r *http.Request) (any, error) {
		rows, total, err := s.db.Queue(r.Context(), limitOf(r))
		return admin.QueueAnswer{Queue: listed(rows), Total: total}, err
	})
	get("/pairs", func(r *http.Request) (any, error) {
		rows, total, err := s.db.Pairs(r.Context(), limitOf(r))
		return admin.PairsAnswer{Pairs: listed(rows), Total: total}, err
	})
	post("/kick", func(r *http.Request) (any, error) { return s.kick(r.Context(), r.URL.Query().Get("session")) })
	post("/advance", s.advance)
	post("/reload", func(*http.Request) (any, error) {
		answer := admin.ReloadAnswer{Problems: []string{}}
		done, err := s.reloadAndLog()
		if err != nil {
			done = &admin.Reloaded{}
			answer.Problems = strings.Split(err.Error(), "\n")
		}
		answer.Changed, answer.Left = listed(done.Changed), listed(done.Left)
		return answer, nil
	})
}

func (s *instance) answerSessions(r *http.Request) (any, error) {
	ctx := r.Context()
	rows, total, err := s.db.Sessions(ctx, r.URL.Query().Get("state"), limitOf(r))
	if err != nil {
		return nil, err
	}
	attached := int64(s.hub.Attached())
	connected, err := s.db.Connected(ctx)
	return admin.SessionsAnswer{Sessions: listed(rows), Total: total, Unlisted: max(attached-connected, 0)}, err
}

// limitOf is how many rows r asks for.
func limitOf(r *http.Request) int {
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n > 0 {
		return min(n, listMax)
	}
	return listMax
}

// listed is rows, and an empty list and not null if there are none.
func listed[T any](rows []T) []T { return append([]T{}, rows...) }

// advance raises the counter in the database, after a backup.
func (s *instance) advance(*http.Request) (any, error) {
	err := s.db.Advance()
	var passes interface{ Transient() bool }
	if err != nil && !(errors.As(err, &passes) && passes.Transient()) { // as with any commit
		select {
		case s.fatal <- err:
		default:
		}
	}
	return struct{}{}, err
}

// namedMax is how many sessions an ambiguous name is answered with.
const namedMax = 5

// kick ends the session that name, or its beginning, is of.
func (s *instance) kick(ctx context.Context, name string) (any, error) {
	prefix, err := tail.SessionPrefix(name)
	if err != nil {
		return nil, &admin.Refusal{Status: http.StatusBadRequest, Text: err.Error()}
	}
	onDisk, err := s.db.Named(ctx, prefix, namedMax+1)
	if err != nil {
		return nil, err
	}
	found := map[chat.Hash]bool{}
	for _, h := range append(s.hub.Named(prefix), onDisk...) {
		found[h] = true
	}
	switch len(found) {
	case 0:
		return nil, noSession(prefix)
	case 1:
	default:
		return nil, ambiguous(prefix, found)
	}
	for hash := range found {
		was, ok, err := s.hub.Kick(ctx, hash)
		switch {
		case err != nil:
			return nil, err
		case !ok: // it has gone by itself, or the server stops
			return nil, noSession(prefix)
		}
		s.log.Info("session kicked", "session", hash.String())
		return admin.KickAnswer{Session: hash.String(), State: was.State.String(), Here: was.Here}, nil
	}
	panic("unreachable")
}

func noSession(prefix string) error {
	return &admin.Refusal{Status: http.StatusNotFound, Text: "no session " + prefix + ": it has ended, or there was none; chatme sessions lists those there are"}
}

func ambiguous(prefix string, found map[chat.Hash]bool) error {
	var names []string
	for h := range found {
		names = append(names, h.String())
	}
	slices.Sort(names)
	which := strings.Join(names[:min(len(names), namedMax)], ", ")
	if len(names) > namedMax {
		which += ", …"
	}
	return &admin.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf("several sessions are named %s: %s; give more digits of the one that is meant", prefix, which)}
}

// published tells those who listen of what the server itself does.
func (s *instance) published(what string) {
	s.tail.Publish(tail.Event{Type: tail.Server, What: what})
}

// tailGrace is how long those who listen may take to hear the last of it; one that does not read holds up a stop for so long.
const tailGrace = time.Second

// closeInside lets those who listen hear how the server stopped, and closes the admin socket.
func (s *instance) closeInside(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tailGrace)
	defer cancel()
	s.tail.Close(ctx)
	s.closeAdmin(ctx)
}
