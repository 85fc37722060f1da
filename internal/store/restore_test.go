package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// backedUp makes a database of three starts with a chat, a waiting session and mail, and a backup of it.
func backedUp(tb testing.TB) (path, backup, epoch string, p *post) {
	tb.Helper()
	path, epoch, p = begun(tb, 3)
	backup = filepath.Join(tb.TempDir(), "backup.db")
	if _, err := Backup(tb.Context(), path, backup, nil); err != nil {
		tb.Fatal(err)
	}
	return path, backup, epoch, p
}

// TestPutBack: a restored backup has all its data, and the next start a new epoch, whatever lies beside it and however
// similar it is to the old database.
func TestPutBack(t *testing.T) {
	for name, before := range map[string]func(tb testing.TB, path string){
		"over the same database": func(testing.TB, string) {},
		"over nothing":           func(tb testing.TB, path string) { run(tb, "rm", path) },
		"over nothing but a witness": func(tb testing.TB, path string) {
			run(tb, "sh", "-c", `rm "$1"; echo "boot 0, device 0, inode 0" >"$1.witness"`, "-", path)
		},
		"over a damaged one":             func(tb testing.TB, path string) { run(tb, "sh", "-c", `seq 10000 >"$1"`, "-", path) },
		"over a damaged one and its WAL": func(tb testing.TB, path string) { run(tb, "sh", "-c", `seq 10000 >"$1"; seq 999 >"$1-wal"`, "-", path) },
		"over a WAL and a journal alone": func(tb testing.TB, path string) {
			run(tb, "sh", "-c", `mv "$1" "$1-wal"; seq 9 >"$1-journal"`, "-", path)
		},
		"over an empty file": func(tb testing.TB, path string) { run(tb, "sh", "-c", `: >"$1"`, "-", path) },
		"over one from a newer chatme": func(tb testing.TB, path string) {
			run(tb, "sqlite3", path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		},
		"with half a witness beside it": func(tb testing.TB, path string) { run(tb, "touch", path+".witness.part") },
	} {
		t.Run(name, func(t *testing.T) {
			path, backup, epoch, p := backedUp(t)
			before(t, path)
			there := dbfile.Exists(path)
			old, _ := os.ReadFile(path)
			done, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: there})
			if err != nil {
				t.Fatal(err)
			}
			if done.Path != path || done.Sessions != 3 || done.Chats != 1 || done.Entries != 1 || (done.Aside != "") != there {
				t.Errorf("%+v", done)
			}
			if kept, err := os.ReadFile(done.Aside); there && (err != nil || string(kept) != string(old)) {
				t.Errorf("the old database was changed: %v", err)
			}
			for _, name := range listed(t, path) {
				if strings.HasPrefix(name, "chatme.db-") || strings.Contains(name, "witness") || strings.Contains(name, partInfix) {
					t.Errorf("%s is in the way", name)
				}
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("%v, %v", info, err)
			}
			s := MustOpen(t, path)
			started, err := s.Begin(t.Context(), Boot{Version: "v1", At: t0 + hour})
			if err != nil || !started.Restored || started.Epoch == epoch || started.Boot != 4 {
				t.Errorf("%+v, %v; the epoch was %s", started, err, epoch)
			}
			wantAfterBegin(t, s, p, true)
		})
	}
}

// TestPutBackCertain: the epoch is new even where the old witness would fit the new file.
func TestPutBackCertain(t *testing.T) {
	path, backup, epoch, p := backedUp(t)
	if _, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + witnessSuffix); !os.IsNotExist(err) {
		t.Errorf("a witness exists: %v", err)
	}
	s := MustOpen(t, path)
	if started := mustBegin(t, s); !started.Restored || started.Epoch == epoch {
		t.Errorf("%+v", started)
	}
	wantAfterBegin(t, s, p, true)
}

// TestPutBackOwner: files restored by root belong to the owner of the directory, or of the old database.
func TestPutBackOwner(t *testing.T) {
	_, backup, _, _ := backedUp(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "chatme.db")
	chown := func(name string, id int) int {
		if os.Geteuid() != 0 {
			return os.Geteuid() // the owner cannot be changed
		}
		if err := os.Chown(name, id, id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	want := chown(dir, 65534)
	for range 2 {
		if _, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, path + dbfile.LockSuffix} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if got := int(info.Sys().(*syscall.Stat_t).Uid); got != want {
				t.Errorf("%s belongs to %d, want %d", name, got, want)
			}
		}
		want = chown(path, 65533)
	}
}

// TestPutBackRefuses: an unusable source, or an existing target, has its own exit code and message; existing files are
// unchanged, byte by byte.
func TestPutBackRefuses(t *testing.T) {
	path, backup, _, _ := backedUp(t)
	in := func(name, script string) string {
		file := filepath.Join(t.TempDir(), name)
		run(t, "sh", "-c", script, "-", file, backup)
		return file
	}
	corrupt := in("corrupt", `cp "$2" "$1" && printf '\377\377\377\377' | dd of="$1" bs=1 seek=4100 conv=notrunc 2>/dev/null`)
	index := in("index", `cp "$2" "$1" && sqlite3 "$1" "PRAGMA writable_schema = 1;
		UPDATE sqlite_schema SET sql = replace(sql, 'place IS NOT NULL', 'place IS NULL') WHERE name = 'sessions_place'"`)
	orphan := in("orphan", `cp "$2" "$1" && sqlite3 "$1" "PRAGMA foreign_keys = 0; UPDATE mailbox SET recipient = 99"`)
	newest := in("newer", `cp "$2" "$1" && sqlite3 "$1" "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"`)
	foreign := in("foreign", `sqlite3 "$1" "CREATE TABLE x (y)"`)
	for name, tt := range map[string]struct {
		r    RestoreConfig
		code int
		says string
	}{
		"target exists":            {RestoreConfig{Path: path, Source: backup}, exit.NotWritable, "--replace"},
		"itself":                   {RestoreConfig{Path: path, Source: path, Replace: true}, exit.Config, "from itself"},
		"no source":                {RestoreConfig{Path: path, Source: path + ".none", Replace: true}, exit.Config, "there is no database"},
		"no directory":             {RestoreConfig{Path: path + "/no/where.db", Source: backup, Replace: true}, exit.NotWritable, ""},
		"a corrupt one":            {RestoreConfig{Path: path, Source: corrupt, Replace: true}, exit.BadDatabase, "another backup"},
		"a corrupt index":          {RestoreConfig{Path: path, Source: index, Replace: true}, exit.BadDatabase, "another backup"},
		"mail without a recipient": {RestoreConfig{Path: path, Source: orphan, Replace: true}, exit.BadDatabase, "dangling"},
		"a newer one":              {RestoreConfig{Path: path, Source: newest, Replace: true}, exit.BadDatabase, "newer chatme"},
		"of another program":       {RestoreConfig{Path: path, Source: foreign, Replace: true}, exit.BadDatabase, "not chatme's"},
		"over that":                {RestoreConfig{Path: foreign, Source: backup, Replace: true}, exit.BadDatabase, "not chatme's"},
	} {
		t.Run(name, func(t *testing.T) {
			before := contentsOfDir(t, filepath.Dir(tt.r.Path))
			_, err := Restore(t.Context(), tt.r)
			wantCode(t, err, tt.code)
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v does not contain %q", err, tt.says)
			}
			if after := contentsOfDir(t, filepath.Dir(tt.r.Path)); !slices.Equal(after, before) {
				t.Errorf("the directory was\n%q, and is\n%q", before, after)
			}
		})
	}
}

// contentsOfDir returns the files of a directory with their contents, except for the lock file.
func contentsOfDir(tb testing.TB, dir string) (all []string) {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, dbfile.LockSuffix) {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, name+"\n"+string(text))
	}
	return all
}

// TestPutBackWhileOpen: a restore does not replace a database that a server, or another program, has open.
func TestPutBackWhileOpen(t *testing.T) {
	path, backup, _, _ := backedUp(t)
	s := MustOpen(t, path)
	_, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true})
	wantCode(t, err, exit.AlreadyRunning)
	mustClose(t, s)

	other := helperCmd(t, "read", path)
	hold, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := said.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_, err = Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true})
	wantCode(t, err, exit.AlreadyRunning)
	if !strings.Contains(err.Error(), "Litestream") {
		t.Error(err)
	}
	hold.Close()
	if err := other.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true}); err != nil {
		t.Error(err)
	}
}
