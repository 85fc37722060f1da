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

// listMax bounds the rows of one list, whatever the request.
const listMax = 10_000

// answerOperator adds the routes of the operator's commands to the admin socket.
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
	get("/networks", s.answerNetworks)
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
	return admin.SessionsAnswer{Sessions: sessionRows(rows, s.hub.Sessions(), s.tags), Total: total, Unlisted: max(attached-connected, 0)}, err
}

// limitOf returns how many rows r asks for.
func limitOf(r *http.Request) int {
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n > 0 {
		return min(n, listMax)
	}
	return listMax
}

// listed returns rows, or an empty list instead of null if there are none.
func listed[T any](rows []T) []T { return append([]T{}, rows...) }

// advance advances the database's counter, after a backup.
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

// namedMax bounds the sessions that are listed for an ambiguous name.
const namedMax = 5

// kick ends the session with the given name or prefix.
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
		case !ok: // the session ended by itself, or the server is stopping
			return nil, noSession(prefix)
		}
		s.log.Info("session kicked", "session", hash.String())
		return admin.KickAnswer{Session: hash.String(), State: was.State.String(), Here: was.Here}, nil
	}
	panic("unreachable")
}

func noSession(prefix string) error {
	return &admin.Refusal{Status: http.StatusNotFound, Text: "no session " + prefix + ": it has ended or never existed; see chatme sessions"}
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
	return &admin.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf("several sessions match %s: %s; give more digits", prefix, which)}
}

// published sends the server's own events to the listeners.
func (s *instance) published(what string) {
	s.tail.Publish(tail.Event{Type: tail.Server, What: what})
}

// tailGrace is how long listeners may take to read the last events; one that does not read delays a shutdown this long.
const tailGrace = time.Second

// closeInside sends the last events to the listeners and closes the admin socket.
func (s *instance) closeInside(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tailGrace)
	defer cancel()
	s.tail.Close(ctx)
	s.closeAdmin(ctx)
}
