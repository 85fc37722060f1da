package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"chatme/internal/chat"
	"chatme/internal/secret"
	"chatme/internal/store"
)

const (
	// resumed is how many of the disconnected sessions are resumed, one after the other.
	resumed = 500
	// grownConnects is how many new clients then connect.
	grownConnects = 2_000
	// seedRows is how many rows are written in one transaction.
	seedRows = 10_000
)

type grownLine struct {
	benchHead
	Sessions int     `json:"sessions"` // rows
	Waiting  int     `json:"waiting"`  // of them, in the queue
	InChats  int     `json:"in_chats"`
	ReadyMs  float64 `json:"ready_ms"` // from the start of the process until it logs that it listens
	RSS      int64   `json:"rss"`      // bytes, once it listens
	Resume   int64   `json:"resume_p50_us"`
	ResumeMx int64   `json:"resume_p99_us"`
	Auth     int64   `json:"auth_p50_us"` // dial to searching, one at a time
	spent
	CPUPerAuth *float64 `json:"cpu_us_per_auth"` // … and its search, which writes its row
}

// grown measures a server whose database has many sessions.
func (b *bench) grown(ctx context.Context) (*grownLine, error) {
	t := b.target
	rss, err := t.memory()
	if err != nil {
		return nil, err
	}
	back := People(len(t.hibernated), false)
	for i, c := range back {
		c.sessionID = t.hibernated[i]
	}
	resumes := &Histogram{}
	if err := b.loop.Arrive(ctx, back, 1, resumes); err != nil {
		return nil, err
	}
	before, err := t.usage()
	if err != nil {
		return nil, err
	}
	auths := &Histogram{}
	if err := b.loop.ArriveSearching(ctx, People(grownConnects, false), 1, auths); err != nil {
		return nil, err
	}
	used, err := t.spent(before)
	return &grownLine{
		benchHead: b.head, Sessions: b.cmd.Sessions, Waiting: b.cmd.Waiting, InChats: b.cmd.InChats,
		ReadyMs: rounded(t.ready.Seconds() * 1000), RSS: rss, Resume: resumes.us(0.5), ResumeMx: resumes.us(0.99), Auth: auths.us(0.5),
		spent: used, CPUPerAuth: used.per(1e6, grownConnects),
	}, err
}

// validateGrown checks the flags that are for grown only.
func (c *Cmd) validateGrown() error {
	for _, kind := range c.Kinds {
		switch {
		case kind != "grown":
		case len(c.Kinds) > 1 || c.URL != "" || c.Exec != "" || c.Old:
			return errors.New("grown: cannot be combined with another kind, --url, --exec or --old")
		case c.InChats%2 != 0 || c.InChats < 0 || c.Waiting < 0 || c.Sessions < c.Waiting+c.InChats:
			return errors.New("--in-chats, --waiting: --in-chats must be even, and both together at most --sessions")
		}
	}
	return nil
}

// seed creates a database with many sessions and returns the IDs of some that are disconnected.
func (c *Cmd) seed(ctx context.Context, path string) (ids []string, err error) {
	db, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	now := chat.Time(time.Now().UnixMilli())
	started, err := db.Begin(ctx, store.Boot{Version: "bench", At: now})
	if err != nil {
		return nil, err
	}
	number := func(i int) uint64 { return started.Boot<<32 | uint64(i) } // as the lobby assigns them
	key := secret.MailKey("nobody's")
	batch := &chat.Batch{}
	for i := 1; i <= c.Sessions; i++ {
		id, hash := secret.NewID()
		r := chat.Record{ID: chat.ID(number(i)), Hash: hash, MailKey: key, Resumable: true, CreatedAt: now, AwaySince: now}
		switch {
		case i <= c.InChats:
			r.Pair, r.Side, r.Alias, r.MatchedAt = chat.PairID(number((i+1)/2)), uint8((i-1)%2), chat.Alias(uuid.NewString()), now
		case i <= c.InChats+c.Waiting:
			r.Place, r.QueuedAt = number(i), now
		case len(ids) < resumed && (c.Sessions-i)%max(c.Sessions/resumed/2, 1) == 0:
			ids = append(ids, id)
		}
		batch.Changes = append(batch.Changes, chat.Change{Record: r})
		if len(batch.Changes) == seedRows || i == c.Sessions {
			if err := db.Commit(batch); err != nil {
				return nil, fmt.Errorf("seed: %w", err)
			}
			batch.Changes = batch.Changes[:0]
		}
	}
	return ids, ctx.Err()
}
