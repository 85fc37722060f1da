package hub

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/secret"
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
	cfg := testConfig(func() chat.Alias { return chat.Alias(uuid.NewString()) })
	cfg.Epoch, cfg.Boot, cfg.SessionTTL = started.Epoch, started.Boot, time.Hour
	cfg.MailboxMessages, cfg.EntryBytes = 5, store.EntryBytes
	l := chat.New(cfg)
	r := rand.New(rand.NewPCG(seed, 5))
	conns := []chat.ConnID{}
	hashes := []chat.Hash{}
	keys := map[chat.ConnID]chat.MailKey{}
	batch, entries := new(chat.Batch), 0
	for step := range 400 {
		now += chat.Time(r.IntN(3000))
		cmd := chat.Command{Op: chat.Tick}
		if len(conns) > 0 {
			cmd.Conn = conns[r.IntN(len(conns))]
		}
		switch r.IntN(10) {
		case 0, 1:
			cmd = chat.Command{Op: chat.Attach, Conn: chat.ConnID(step + 1)}
			id := fmt.Sprint(seed, step)
			auth := &chat.Auth{Resumable: r.IntN(4) > 0, Fresh: secret.HashOf(id)}
			keys[cmd.Conn] = secret.MailKey(id)
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
			key := keys[cmd.Conn]
			cmd.Op, cmd.MailKey = chat.Search, &key
		case 4:
			cmd.Op, cmd.Leaves = chat.Detach, r.IntN(8) == 0
		case 5, 6, 7:
			cmd.Op, cmd.Text, cmd.N = chat.Send, strings.Repeat("hello ", r.IntN(100)), 0
		case 8:
			cmd.Op, cmd.Got = chat.Ack, r.Uint64N(6)
		}
		l.Step(chat.At(now), &cmd)
		// A lookup reads after all pending changes, as Hub.find ensures, so every step is a batch here.
		l.TakeBatch(batch)
		entries += len(batch.Entries)
		if err := db.Commit(batch); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		l.Committed(batch.N)
		compareL5(t, fmt.Sprint("step ", step), db, l)
		for _, c := range batch.Changes {
			found, ok, err := db.Find(t.Context(), c.Hash)
			if err != nil || !c.Deleted && (!ok || found.Record != c.Record) {
				t.Fatalf("step %d: the store has %+v, %v, %v; the batch %+v", step, found, ok, err, c)
			}
		}
	}
	if entries == 0 {
		t.Error("no mailbox entry was written")
	}
}

// compareL5 compares what a start would load with the state of the lobby.
func compareL5(t *testing.T, when string, db *store.Store, l *chat.Lobby) {
	t.Helper()
	got, err := db.Load(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	want := slices.DeleteFunc(l.Records(), func(r chat.Record) bool { return r.State() == chat.Idle })
	if !slices.Equal(got.Records, want) {
		t.Fatalf("%s: the store has %+v; the lobby %+v", when, got.Records, want)
	}
	live := make(map[chat.ID]bool)
	for _, r := range want {
		live[r.ID] = true
	}
	mail := slices.DeleteFunc(l.Mail(), func(m chat.Held) bool { return !live[m.To] })
	if !slices.Equal(got.Mail, mail) {
		t.Fatalf("%s: the store has %+v; the lobby %+v", when, got.Mail, mail)
	}
}
