package store

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/exit"
)

// killedServer makes a database as a killed server leaves it: with mail, a chat, a -wal that is not empty and a witness
// of that very file.
func killedServer(tb testing.TB) (path, epoch string, p *post) {
	tb.Helper()
	p = newPost(tb)
	p.mustHold(tb, p.entry(1, "hello"))
	if _, err := p.writer.Exec(`PRAGMA wal_checkpoint`); err != nil { // so that the file alone has content
		tb.Fatal(err)
	}
	mustCommit(tb, p.Store, put(waiting(3, 1))...)
	path = copyLive(tb, p.path)
	moveWitness(tb, p.path, path)
	epoch = p.counter.witness.epoch
	mustClose(tb, p.Store)
	return path, epoch, p
}

// moveWitness gives the copy at path a witness of it.
func moveWitness(tb testing.TB, from, path string) {
	tb.Helper()
	w, err := readWitness(from + witnessSuffix)
	if err != nil {
		tb.Fatal(err)
	}
	here, err := sight(path)
	if err != nil {
		tb.Fatal(err)
	}
	w.device, w.inode = here.device, here.inode
	if err := w.write(path + witnessSuffix); err != nil {
		tb.Fatal(err)
	}
}

// TestDatabaseVanished: a database that is missing, empty or another file is refused, and nothing is changed; both
// remedies in the message work.
func TestDatabaseVanished(t *testing.T) {
	const emptied, removed = `: >"$1"`, `rm "$1"`
	for name, tt := range map[string]struct {
		stopped bool // in order: there is no -wal
		how     string
		says    string
		gone    []string // the files that the message says to remove; "": the database itself need not be
	}{
		"emptied, killed":                           {false, emptied, "is empty", []string{"-wal", witnessSuffix}},
		"emptied, stopped":                          {true, emptied, "is empty", []string{witnessSuffix}},
		"removed, killed":                           {false, removed, "is missing", []string{"-wal", witnessSuffix}},
		"removed, stopped":                          {true, removed, "is missing", []string{witnessSuffix}},
		"emptied, no witness":                       {false, emptied + `; rm "$1.witness"`, "is empty", []string{"-wal"}},
		"removed, no witness":                       {false, removed + `; rm "$1.witness"`, "is missing", []string{"-wal"}},
		"emptied, a witness that says nothing":      {true, emptied + `; echo x >"$1.witness"`, "is empty", []string{witnessSuffix}},
		"a link to an empty file":                   {false, `mv "$1" "$1.x"; : >"$1"`, "is empty", []string{"-wal", witnessSuffix}},
		"another file, killed":                      {false, `cp "$1" "$1.x"; mv "$1.x" "$1"`, "a copy was put over the database", []string{"-wal"}},
		"an SQLite file of another program, killed": {false, `sqlite3 "$1.x" "PRAGMA journal_mode = WAL; CREATE TABLE x (y)"; mv "$1.x" "$1"`, "a copy was put over the database", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path, epoch, p := killedServer(t)
			if tt.stopped {
				s := MustOpen(t, path)
				if started := mustBegin(t, s); started.Epoch != epoch {
					t.Fatalf("%+v", started)
				}
				mustClose(t, s)
			}
			run(t, "sh", "-c", tt.how, "-", path)
			before := tree(t, filepath.Dir(path))
			for _, look := range []func() error{
				func() error { _, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick}); return err },
				func() error {
					_, err := Backup(t.Context(), path, filepath.Join(t.TempDir(), "backup.db"), nil)
					return err
				},
				func() error { _, err := Examine(t.Context(), path); return err },
				func() error { return Sound(t.Context(), path) },
			} {
				err := look()
				wantCode(t, err, exit.BadDatabase)
				want := []string{tt.says, "put the ", "chatme restore --replace"}
				for _, suffix := range tt.gone {
					want = append(want, path+suffix)
				}
				for _, want := range want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error %v does not contain %q", err, want)
					}
				}
			}
			if after := tree(t, filepath.Dir(path)); !maps.Equal(after, before) {
				t.Fatalf("files changed: %q, were %q", names(after), names(before))
			}
			if tt.gone == nil {
				return
			}
			for _, suffix := range tt.gone {
				run(t, "rm", path+suffix)
			}
			run(t, "rm", "-f", path+"-shm")
			s := MustOpen(t, path)
			started := mustBegin(t, s)
			if other := strings.Contains(tt.says, "copy"); started.Restored != other || !other && started.Boot != 1 {
				t.Errorf("after removing the named files: %+v", started)
			}
			p.Store = s
		})
	}
}

// TestVanishedFilePutBack: a file that was moved away and is put back is served as before.
func TestVanishedFilePutBack(t *testing.T) {
	path, epoch, p := killedServer(t)
	run(t, "mv", path, path+".away")
	_, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
	wantCode(t, err, exit.BadDatabase)
	run(t, "mv", path+".away", path)
	s := MustOpen(t, path)
	if started := mustBegin(t, s); started.Restored || started.Epoch != epoch {
		t.Errorf("%+v, the epoch was %s", started, epoch)
	}
	p.Store = s
	wantAfterBegin(t, s, p, false)
}

// TestDeviceNumberChanged: after the machine was restarted a disk may have another number. A database with the -wal of a
// killed server is not refused for it.
func TestDeviceNumberChanged(t *testing.T) {
	path, _, p := killedServer(t)
	w, err := readWitness(path + witnessSuffix)
	if err != nil {
		t.Fatal(err)
	}
	w.device++
	if err := w.write(path + witnessSuffix); err != nil {
		t.Fatal(err)
	}
	s := MustOpen(t, path)
	if started := mustBegin(t, s); !started.Restored {
		t.Errorf("%+v", started)
	}
	p.Store = s
	wantAfterBegin(t, s, p, true)
}

// TestMovedWithItsWAL: the files left by a killed server were moved to another disk. They are refused until the witness
// is removed, as the message says, and then only the chats are lost.
func TestMovedWithItsWAL(t *testing.T) {
	path, _, p := killedServer(t)
	dir := t.TempDir()
	run(t, "sh", "-c", `cp -a "$1"/. "$2"`, "-", filepath.Dir(path), dir)
	path = filepath.Join(dir, filepath.Base(path))
	_, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
	wantCode(t, err, exit.BadDatabase)
	if want := "if all the files were moved here together, remove " + path + witnessSuffix; !strings.Contains(err.Error(), want) {
		t.Errorf("error %v does not contain %q", err, want)
	}
	run(t, "rm", path+witnessSuffix)
	s := MustOpen(t, path)
	if started := mustBegin(t, s); !started.Restored || started.Boot != 2 {
		t.Errorf("%+v", started)
	}
	p.Store = s
	wantAfterBegin(t, s, p, true)
}

// TestRestoreOverVanished: chatme restore works, whatever is there, and puts the existing files aside before SQLite sees
// them: SQLite deletes the -wal beside an empty file.
func TestRestoreOverVanished(t *testing.T) {
	_, backup, _, _ := backedUp(t)
	for name, how := range map[string]string{
		"emptied":  `: >"$1"`,
		"removed":  `rm "$1"`,
		"replaced": `cp "$1" "$1.x"; mv "$1.x" "$1"`,
	} {
		t.Run(name, func(t *testing.T) {
			path, _, _ := killedServer(t)
			run(t, "sh", "-c", how, "-", path)
			before := tree(t, filepath.Dir(path))
			done, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true})
			if err != nil {
				t.Fatal(err)
			}
			aside, err := filepath.Glob(path + replacedInfix + "*-wal")
			if err != nil || len(aside) != 1 {
				t.Fatalf("%q, %v: the -wal was not put aside", aside, err)
			}
			if wal, err := os.ReadFile(aside[0]); err != nil || string(wal) != before["chatme.db-wal"] {
				t.Errorf("the -wal put aside was changed: %v", err)
			}
			if done.Aside != "" {
				if kept, err := os.ReadFile(done.Aside); err != nil || string(kept) != before["chatme.db"] {
					t.Errorf("the file put aside was changed: %v", err)
				}
			}
			s := MustOpen(t, path)
			if started := mustBegin(t, s); !started.Restored || started.Boot != 4 {
				t.Errorf("%+v", started)
			}
		})
	}
}
