package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/exit"
)

// TestMutants: a database with one wrong byte is opened or refused with one line; nothing panics, and a refused file is
// not changed.
func TestMutants(t *testing.T) {
	count := 100
	if testing.Short() {
		count = 20
	}
	path := filled(t)
	s := MustOpen(t, path)
	for n := uint64(3); n <= 40; n += 4 { // the waiting ones
		entry := chat.MailEntry{
			To: session(n).ID, Key: session(n).MailKey, Pair: 1<<32 | 1, From: alias(1), N: n, At: t0, Text: "text",
		}
		empty := entry
		empty.N, empty.Text = n+1, ""
		if err := s.Commit(&chat.Batch{Entries: []chat.MailEntry{entry, empty}}); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, span := range map[string]int{"anywhere": len(whole), "header": 100} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			mutate(t, whole, span, count)
		})
	}
}

// mutate tries count copies of whole, each with one changed byte among the first span.
func mutate(t *testing.T, whole []byte, span, count int) {
	rng := rand.New(rand.NewPCG(1, uint64(span)))
	path := newPath(t)
	opened := 0
	for range count {
		mutant := bytes.Clone(whole)
		at := rng.IntN(span)
		mutant[at] ^= byte(1 + rng.IntN(255))
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			os.Remove(name)
		}
		if err := os.WriteFile(path, mutant, 0o640); err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprintf("byte %d: %#02x for %#02x", at, mutant[at], whole[at])
		err := tryMutant(t, path)
		if err == nil {
			opened++
			continue
		}
		if codeOf(err) != exit.BadDatabase || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%s: exit code %d: %v", what, codeOf(err), err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, mutant) {
			t.Errorf("%s: the file was changed", what)
		}
	}
	t.Logf("%d of %d opened", opened, count)
}

// tryMutant opens a database, exercises it briefly, and closes it.
func tryMutant(t *testing.T, path string) error {
	s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.Load(t.Context()); err != nil {
		return err
	}
	// Whatever is found later is an error and not a panic.
	s.Begin(t.Context(), Boot{At: t0})
	s.Find(t.Context(), session(3).Hash)
	s.Commit(&chat.Batch{Changes: put(waiting(1000, 1000))})
	r := chat.MailRange{To: session(3).ID, Pair: 1<<32 | 1, Alias: alias(1), UpTo: 1<<64 - 1}
	s.Mail(t.Context(), "", r, func(*chat.MailEntry) error { return nil })
	s.Commit(&chat.Batch{MailAcks: []chat.MailAck{{To: r.To, Pair: r.Pair, UpTo: 9}}})
	s.Sweep(t0+hour, 10)
	return nil
}
