package hub

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/store"

	"github.com/google/uuid"
)

// L5: after every commit, what the store loads equals the durable part of the lobby as of that batch.
func TestL5StoreEqualsLobby(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { l5(t, seed) })
	}
}

func l5(t *testing.T, seed uint64) {
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "chatme.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := chat.Time(1_800_000_000_000)
	started, err := db.Begin(t.Context(), store.Boot{At: now})
	if err != nil {
		t.Fatal(err)
	}
	l := chat.New(chat.Config{
		NewAlias: func() chat.Alias { return chat.Alias(uuid.NewString()) },
		Epoch:    started.Epoch, Boot: started.Boot,
		SessionTTL: time.Hour, IdleAfter: 10 * time.Minute, ChatWindow: 2 * time.Minute, ChatWindowOld: 30 * time.Second,
		QueueWindow: 30 * time.Second, SleepMax: 10 * time.Minute, RematchAfter: 10 * time.Second, SettleTimeout: 2 * time.Second,
	})
	r := rand.New(rand.NewPCG(seed, 5))
	conns := []chat.ConnID{}
	hashes := []chat.Hash{}
	for step := range 250 {
		now += chat.Time(r.IntN(3000))
		cmd := chat.Command{Op: chat.Tick}
		if len(conns) > 0 {
			cmd.Conn = conns[r.IntN(len(conns))]
		}
		switch r.IntN(6) {
		case 0, 1:
			cmd = chat.Command{Op: chat.Attach, Conn: chat.ConnID(step + 1)}
			auth := &chat.Auth{Resumable: r.IntN(3) > 0, Fresh: HashOf(fmt.Sprint(seed, step))}
			if auth.Resumable && len(hashes) > 0 && r.IntN(2) == 0 {
				auth.Resume = &chat.Resume{Hash: hashes[r.IntN(len(hashes))]}
				if found, ok, err := db.Find(t.Context(), auth.Resume.Hash); err != nil {
					t.Fatal(err)
				} else if ok {
					auth.Found = &found
				}
			}
			cmd.Auth = auth
			conns, hashes = append(conns, cmd.Conn), append(hashes, auth.Fresh)
		case 2, 3:
			cmd.Op = chat.Search
		case 4:
			cmd.Op, cmd.Leaves = chat.Detach, r.IntN(4) == 0
		}
		l.Step(now, &cmd)
		// A lookup reads behind all that is pending, as Hub.find makes sure of; so every step is a batch here.
		batch, _ := l.Flush(nil)
		if err := db.Commit(batch); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		want := slices.DeleteFunc(l.Records(), func(r chat.Record) bool { return r.State() == chat.Idle })
		got, err := db.Load(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("step %d: the store has %+v, %v; the lobby %+v", step, got, err, want)
		}
		for _, c := range batch {
			found, ok, err := db.Find(t.Context(), c.Hash)
			if err != nil || !c.Deleted && (!ok || found != c.Record) {
				t.Fatalf("step %d: the store has %+v, %v, %v; the batch %+v", step, found, ok, err, c)
			}
		}
	}
}
