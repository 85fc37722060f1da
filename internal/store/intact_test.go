package store

import (
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/exit"
)

// TestFilesGoneWhileOpen: the files of an open database are removed, replaced or overwritten. It is noticed, tools
// refuse the database and say what to do, the Store continues, and a file that is put back is fine again.
func TestFilesGoneWhileOpen(t *testing.T) {
	for name, tt := range map[string]struct {
		how, undo string // undo "": impossible
		says      string
		tools     bool // they refuse it too
	}{
		"removed":          {`mv "$1" "$1.x"`, `mv "$1.x" "$1"`, "chatme.db was removed", true},
		"replaced by mv":   {`mv "$1" "$1.x"; cp "$1.x" "$1"`, `mv "$1.x" "$1"`, "chatme.db was replaced by another file", true},
		"emptied":          {`: >"$1"`, "", "chatme.db was emptied", true},
		"backup by cp":     {`cp "$2" "$1"`, "", "chatme.db was overwritten", true},
		"rubbish by cp":    {`seq 20000 | dd of="$1" conv=notrunc 2>/dev/null`, "", "chatme.db was overwritten", false},
		"an older state":   {`cp "$1.old" "$1"`, "", "chatme.db was overwritten with another state of it", false},
		"cut short":        {`truncate -s 8192 "$1"`, "", "chatme.db was truncated", false},
		"its -wal removed": {`mv "$1-wal" "$1-x"`, `mv "$1-x" "$1-wal"`, "chatme.db-wal was removed", true},
		"another -wal":     {`mv "$1-wal" "$1-x"; cp "$1-x" "$1-wal"`, `mv "$1-x" "$1-wal"`, "chatme.db-wal was replaced", false},
		"its -shm removed": {`mv "$1-shm" "$1-x"`, `mv "$1-x" "$1-shm"`, "chatme.db-shm was removed", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, backup, _, _ := backedUp(t)
			s := openNew(t)
			mustBegin(t, s)
			mustCommit(t, s, put(waiting(1, 1))...)
			hurried(s)
			for n := range uint64(5) {
				mustCommit(t, s, put(session(10+n))...)
				if n == 3 {
					run(t, "cp", s.path, s.path+".old") // in this process SQLite would lose its locks
				}
				if _, err := s.writer.Exec(`PRAGMA wal_checkpoint`); err != nil {
					t.Fatal(err)
				}
				if err := s.Intact(); err != nil {
					t.Fatal(err)
				}
			}
			run(t, "sh", "-c", tt.how, "-", s.path, backup)
			err := s.Intact()
			for range strangeLooks {
				err = s.Intact()
			}
			wantCode(t, err, exit.BadDatabase)
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v; want %q", err, tt.says)
			}
			if tt.tools {
				for _, look := range []func() error{
					func() error { _, err := Backup(t.Context(), s.path, s.path+".backup", nil); return err },
					func() error { return Sound(t.Context(), s.path) },
				} {
					err := look()
					wantCode(t, err, exit.BadDatabase)
				}
			}
			if err := s.Commit(&chat.Batch{Changes: put(waiting(2, 2))}); err != nil && tt.undo != "" {
				t.Errorf("the Store has stopped working: %v", err)
			}
			if tt.undo == "" {
				return
			}
			run(t, "sh", "-c", tt.undo, "-", s.path)
			if err := s.Intact(); err != nil {
				t.Errorf("put back: %v", err)
			}
			mustClose(t, s)
			if err := s.Intact(); err != nil {
				t.Errorf("closed: %v", err)
			}
			again := MustOpen(t, s.path)
			if started := mustBegin(t, again); started.Restored {
				t.Errorf("%+v", started)
			}
			if got := mustLoad(t, again); len(got) < 2 {
				t.Errorf("%d records", len(got))
			}
		})
	}
}

// TestWALRemovedWhileOpen: a server whose -wal was removed writes it to the database as it stops in order.
func TestWALRemovedWhileOpen(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	mustCommit(t, s, put(waiting(1, 1))...)
	run(t, "rm", s.path+"-wal")
	if err := s.Intact(); err == nil || !strings.Contains(err.Error(), restartInOrder) {
		t.Errorf("%v", err)
	}
	mustCommit(t, s, put(waiting(2, 2))...)
	if err := s.End("signal", t0); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	again := MustOpen(t, s.path)
	if started := mustBegin(t, again); started.Restored {
		t.Errorf("%+v", started)
	}
	if got := mustLoad(t, again); len(got) != 2 {
		t.Errorf("%d records", len(got))
	}
}
