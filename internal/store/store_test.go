package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
)

const (
	t0    chat.Time = 1_790_000_000_000 // the time of the tests, unix ms
	hour  chat.Time = 3_600_000
	quick           = 50 * time.Millisecond // a short busy timeout, so that tests do not wait
)

// helperEnv makes the test binary a second process: "hold" opens the database and waits to be killed, "open" only opens
// it, "begin" begins once its standard input ends, "read" reads as another program until then, "backups" makes one after
// another until it is killed, "restores" restores one again and again, "restore" does so once, "counts" runs one start
// after another. The error of Open goes to standard output; its exit code is the process's.
const helperEnv = "CHATME_STORE_TEST_HELPER"

func TestMain(m *testing.M) {
	switch role := os.Getenv(helperEnv); role {
	case "":
		os.Exit(m.Run())
	default:
		os.Exit(helper(role, os.Args[1]))
	}
}

func helper(role, path string) int {
	switch role {
	case "read":
		return helperReads(path)
	case "backups":
		return helperBacksUp(path, os.Args[2], len(os.Args) > 3)
	case "restores":
		return helperRestores(path, os.Args[2])
	case "restore":
		if _, err := Restore(context.Background(), RestoreConfig{Path: path, Source: os.Args[2], Replace: true}); err != nil {
			fmt.Println(err)
			return codeOf(err)
		}
		return 0
	case "counts":
		return helperCounts(path)
	}
	s, err := Open(context.Background(), Config{Path: path, BusyTimeout: quick})
	if err != nil {
		fmt.Println(err)
		return codeOf(err)
	}
	fmt.Println("open")
	switch role {
	case "hold":
		never := make(chan os.Signal, 1)
		signal.Notify(never, os.Interrupt) // with nothing to wake it, the runtime would end the process: "all goroutines are asleep"
		<-never
	case "begin":
		io.Copy(io.Discard, os.Stdin)
		if _, err := s.Begin(context.Background(), Boot{At: t0}); err != nil {
			fmt.Println(err)
			return codeOf(err)
		}
	}
	if err := s.Close(); err != nil {
		fmt.Println(err)
		return codeOf(err)
	}
	return 0
}

// helperReads has the database open without the one-server lock.
func helperReads(path string) int {
	err := withReader(context.Background(), path, func(*sql.DB, int64) error {
		fmt.Println("open")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
	if err != nil {
		fmt.Println(err)
		return codeOf(err)
	}
	return 0
}

// helperCmd prepares a second process in that role. A user who may not enter the directory of the test binary can still
// run /proc/self/exe.
func helperCmd(tb testing.TB, role, path string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "/proc/self/exe", path)
	cmd.Env = append(os.Environ(), helperEnv+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

func codeOf(err error) int {
	if e, ok := errors.AsType[*dbfile.Error](err); ok {
		return e.ExitCode()
	}
	return -1
}

// MustOpen opens the database at path and closes it with the test.
func MustOpen(tb testing.TB, path string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), Config{Path: path, BusyTimeout: quick})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// openNew opens a new database in its own directory.
func openNew(tb testing.TB) *Store {
	tb.Helper()
	return MustOpen(tb, newPath(tb))
}

func newPath(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "chatme.db")
}

func mustBegin(tb testing.TB, s *Store) Started {
	tb.Helper()
	started, err := s.Begin(tb.Context(), Boot{Version: "v1", Commit: "c0ffee", At: t0})
	if err != nil {
		tb.Fatal(err)
	}
	return started
}

func mustCommit(tb testing.TB, s *Store, changes ...chat.Change) {
	tb.Helper()
	if err := s.Commit(&chat.Batch{Changes: changes}); err != nil {
		tb.Fatal(err)
	}
}

// mustLoad returns the records, for tests without mail.
func mustLoad(tb testing.TB, s *Store) []chat.Record {
	tb.Helper()
	saved, err := s.Load(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if len(saved.Mail) != 0 || saved.MailBytes != 0 {
		tb.Errorf("mail: %+v, %d bytes", saved.Mail, saved.MailBytes)
	}
	return saved.Records
}

// wantFound fails unless that is the record of its hash, without mail.
func wantFound(tb testing.TB, s *Store, want chat.Record) {
	tb.Helper()
	got, ok, err := s.Find(tb.Context(), want.Hash)
	if err != nil || !ok || got.Record != want || len(got.Mail) != 0 {
		tb.Errorf("find %v: %+v, %v, %v; want %+v", want.Hash, got, ok, err, want)
	}
}

func mustClose(tb testing.TB, s *Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

// wantCode fails unless err is one line with that exit code.
func wantCode(tb testing.TB, err error, code int) {
	tb.Helper()
	if err == nil {
		tb.Fatalf("no error, want exit code %d", code)
	}
	if got := codeOf(err); got != code {
		tb.Errorf("exit code %d, want %d: %v", got, code, err)
	}
	if s := err.Error(); s == "" || strings.ContainsAny(s, "\n\r") {
		tb.Errorf("not one line: %q", s)
	}
}

// session makes an idle, attached, resumable session.
func session(n uint64) chat.Record {
	r := chat.Record{ID: chat.ID(1<<32 | n), Resumable: true, CreatedAt: t0}
	binary.BigEndian.PutUint64(r.Hash[:], n*0x9e3779b97f4a7c15) // spread like a hash
	binary.BigEndian.PutUint64(r.Hash[24:], n)
	binary.BigEndian.PutUint64(r.MailKey[:], n) // of no client; reader has a real one
	return r
}

// old makes r the session of a legacy client.
func old(r chat.Record) chat.Record {
	r.Resumable, r.MailKey = false, chat.MailKey{}
	return r
}

func away(r chat.Record, since chat.Time) chat.Record {
	r.AwaySince = since
	return r
}

func waiting(n, place uint64) chat.Record {
	r := session(n)
	r.Place, r.QueuedAt = 1<<32|place, t0+chat.Time(place)
	return r
}

func alias(n uint64) chat.Alias {
	return chat.Alias(fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n*0x9e3779b9), n))
}

// pair puts sessions a and b into one chat.
func pair(number, a, b uint64) (chat.Record, chat.Record) {
	x, y := session(a), session(b)
	for side, r := range []*chat.Record{&x, &y} {
		r.Pair, r.Side, r.MatchedAt = chat.PairID(1<<32|number), uint8(side), t0+chat.Time(number)
		r.Alias = alias(number<<1 | uint64(side))
	}
	return x, y
}

func put(records ...chat.Record) []chat.Change {
	changes := make([]chat.Change, len(records))
	for i, r := range records {
		changes[i].Record = r
	}
	return changes
}

func del(r chat.Record) chat.Change { return chat.Change{Record: chat.Record{ID: r.ID}, Deleted: true} }
