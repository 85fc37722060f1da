package store

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// begun makes a database with a chat, a waiting session and mail, that has had boots starts, and closes it.
func begun(tb testing.TB, boots int) (path, epoch string, p *post) {
	tb.Helper()
	p = newPost(tb)
	p.mustHold(tb, p.entry(1, "hello"))
	mustCommit(tb, p.Store, put(waiting(3, 1))...)
	mustClose(tb, p.Store)
	for range boots - 1 {
		s := MustOpen(tb, p.path)
		epoch = mustBegin(tb, s).Epoch
		mustClose(tb, s)
	}
	return p.path, epoch, p
}

func run(tb testing.TB, name string, args ...string) {
	tb.Helper()
	if out, err := exec.CommandContext(tb.Context(), name, args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

// TestWitness: a start continues the chats of the database unless it was restored from a backup; then it has a new epoch
// and no chat, and the queue and the mail are unchanged.
func TestWitness(t *testing.T) {
	write := func(text string) func(tb testing.TB, path string) {
		return func(tb testing.TB, path string) {
			if err := os.WriteFile(path+witnessSuffix, []byte(text), 0o640); err != nil {
				tb.Fatal(err)
			}
		}
	}
	says := func(change func(w *witness)) func(tb testing.TB, path string) {
		return func(tb testing.TB, path string) {
			w, err := readWitness(path + witnessSuffix)
			if err != nil {
				tb.Fatal(err)
			}
			change(&w)
			write(w.String())(tb, path)
		}
	}
	for name, tt := range map[string]struct {
		before func(tb testing.TB, path string) // after three starts
		why    string                           // "": not restored
	}{
		"restart":                   {func(testing.TB, string) {}, ""},
		"killed before the witness": {says(func(w *witness) { w.boot-- }), ""},
		"killed twice before it":    {says(func(w *witness) { w.boot -= 2 }), ""},
		"an older program's":        {says(func(w *witness) { w.marked = false }), ""},
		"an older program's start":  {says(func(w *witness) { w.marked, w.boot = false, 4 }), "it had 4 starts and has 3"},
		"killed before the stop":    {says(func(w *witness) { w.stopped = false }), ""},
		"an older state":            {says(func(w *witness) { w.counter++ }), "had counted to 1 and has counted to 0"},
		"an older state, running":   {says(func(w *witness) { w.stopped = true }), "had stopped and has not"},
		"another line of starts":    {says(func(w *witness) { w.epoch = newEpoch() }), "its start 3 was another one"},
		"a torn second line":        {says(func(w *witness) { w.epoch = strings.Repeat(" ", 32) }), ""},
		"moved":                     {func(tb testing.TB, path string) { run(tb, "mv", path, path+".x"); run(tb, "mv", path+".x", path) }, ""},
		"a half-written one beside": {func(tb testing.TB, path string) { run(tb, "touch", path+witnessSuffix+".part") }, ""},
		"no witness":                {func(tb testing.TB, path string) { run(tb, "rm", path+witnessSuffix) }, "no such file"},
		"an older database":         {says(func(w *witness) { w.boot++ }), "it had 4 starts and has 3"},
		"a copy":                    {func(tb testing.TB, path string) { run(tb, "cp", path, path+".x"); run(tb, "mv", path+".x", path) }, "another file"},
		"another device":            {says(func(w *witness) { w.device++ }), "another file"},
		"an empty witness":          {write(""), "not a valid witness"},
		"garbage":                   {write("boot"), "not a valid witness"},
		"a long one":                {write(strings.Repeat("9", 1<<20)), "not a valid witness"},
		"a cut one":                 {write("boot 3, device 1, inode 1"), "not a valid witness"},
		"half a second line":        {write("boot 3, device 1, inode 1\nepoch"), "not a valid witness"},
		"two lines":                 {write("boot 3, device 1, inode 1\nboot 3, device 1, inode 1\n"), "not a valid witness"},
		"a number too long":         {write("boot 99999999999999999999, device 1, inode 1\n"), "not a valid witness"},
		"a directory in its place": {func(tb testing.TB, path string) {
			run(tb, "sh", "-c", `rm "$1" && mkdir "$1"`, "-", path+witnessSuffix)
		}, ""},
		"a pipe in its place": {func(tb testing.TB, path string) {
			run(tb, "sh", "-c", `rm "$1" && mkfifo "$1"`, "-", path+witnessSuffix)
		}, "not a valid witness"},
		"the witness of another file": {write("boot 3, device 1, inode 1\n"), "another file"},
	} {
		t.Run(name, func(t *testing.T) {
			path, epoch, p := begun(t, 3)
			tt.before(t, path)
			s := MustOpen(t, path)
			log := logged(s)
			started, err := s.Begin(t.Context(), Boot{Version: "v1", At: t0 + hour})
			if name == "a directory in its place" {
				wantCode(t, err, exit.NotWritable) // it cannot be replaced; but the start is recorded, for the next one
				run(t, "rmdir", path+witnessSuffix)
				mustBegin(t, s)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			restored, since := tt.why != "", uint64(1)
			if restored {
				since = 4
			}
			if started.Boot != 4 || started.Since != since || started.Restored != restored || (started.Epoch == epoch) == restored {
				t.Errorf("%+v, the epoch was %s", started, epoch)
			}
			if logged := log.Len() != 0; logged != restored || !strings.Contains(log.String(), tt.why) {
				t.Errorf("log %q, want %q", log, tt.why)
			}
			if restored && (!strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "sessions=2")) {
				t.Errorf("log %q", log)
			}
			wantAfterBegin(t, s, p, restored)
			wantWitness(t, s, 4)
			mustClose(t, s)
			// From then on it is a database like any other.
			s = MustOpen(t, path)
			if again := mustBegin(t, s); again != (Started{Boot: 5, Epoch: started.Epoch, Since: started.Since}) {
				t.Errorf("%+v after %+v", again, started)
			}
		})
	}
}

// TestWitnessThatCannotBeRead: a disk error, or too many open files, is not considered a restore, which would end every
// chat. The start fails and changes nothing.
func TestWitnessThatCannotBeRead(t *testing.T) {
	path, epoch, p := begun(t, 3)
	run(t, "sh", "-c", `mv "$1" "$1.kept" && ln -s "$1" "$1"`, "-", path+witnessSuffix) // too many links
	s := MustOpen(t, path)
	_, err := s.Begin(t.Context(), Boot{Version: "v1", At: t0 + hour})
	wantCode(t, err, exit.NotWritable)
	if !strings.Contains(err.Error(), path+witnessSuffix) {
		t.Errorf("error %v does not name the file", err)
	}
	run(t, "mv", path+witnessSuffix+".kept", path+witnessSuffix)
	if started := mustBegin(t, s); started != (Started{Boot: 4, Epoch: epoch, Since: 1}) {
		t.Errorf("%+v, the epoch was %s", started, epoch)
	}
	wantAfterBegin(t, s, p, false)
}

// wantAfterBegin fails unless the chat exists, or has ended, and everything else is unchanged.
func wantAfterBegin(tb testing.TB, s *Store, p *post, restored bool) {
	tb.Helper()
	saved, err := s.Load(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var got []chat.State
	for _, r := range saved.Records {
		got = append(got, r.State())
	}
	want := []chat.State{chat.Paired, chat.Paired, chat.Waiting}
	if restored {
		want = []chat.State{chat.Waiting}
	}
	if !slices.Equal(got, want) {
		tb.Errorf("loaded %v, want %v", got, want)
	}
	found, ok, err := s.Find(tb.Context(), p.to.Hash)
	if !ok || err != nil || (found.State() == chat.Idle) != restored || found.AwaySince != t0 || len(found.Mail) != 1 {
		tb.Errorf("%+v, %v, %v", found, ok, err)
	}
	wantMail(tb, s, p.whole(), "1 hello")
}

// wantWitness fails unless the witness is complete, and of this start of the database.
func wantWitness(tb testing.TB, s *Store, boot uint64) {
	tb.Helper()
	info, err := os.Stat(s.path)
	if err != nil {
		tb.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	got, err := readWitness(s.path + witnessSuffix)
	if want := (witness{boot: boot, device: uint64(st.Dev), inode: st.Ino, marked: true, epoch: got.epoch}); err != nil || got != want {
		tb.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if info, err := os.Stat(s.path + witnessSuffix); err != nil || info.Mode().Perm()&^0o640 != 0 {
		tb.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(s.path + witnessSuffix + ".part"); !os.IsNotExist(err) {
		tb.Errorf("part of it exists: %v", err)
	}
}

// TestFirstWitness: a new database is not a backup. It is new only if no witness of a previous one exists.
func TestFirstWitness(t *testing.T) {
	for name, left := range map[string]string{"nothing": "", "of a former one": "boot 70, device 1, inode 1\n", "garbage": "x"} {
		path := newPath(t)
		if left != "" {
			if err := os.WriteFile(path+witnessSuffix, []byte(left), 0o640); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
			wantCode(t, err, exit.BadDatabase)
			run(t, "rm", path+witnessSuffix)
		}
		s := MustOpen(t, path)
		log := logged(s)
		if started := mustBegin(t, s); started.Boot != 1 || started.Restored || log.Len() != 0 {
			t.Errorf("%s: %+v, log %q", name, started, log)
		}
		wantWitness(t, s, 1)
	}
}

// TestRestore: as an operator restores: a copy is made, the server continues and stops, and the copy is put in place of
// the file or into it.
func TestRestore(t *testing.T) {
	for name, command := range map[string]string{"in its place": "mv", "into it": "cp"} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			p.mustHold(t, p.entry(1, "hello"))
			mustCommit(t, p.Store, put(waiting(3, 1))...)
			backup := filepath.Join(t.TempDir(), "backup.db")
			if err := p.Snapshot(t.Context(), backup); err != nil {
				t.Fatal(err)
			}
			mustClose(t, p.Store)
			s := MustOpen(t, p.path)
			before := mustBegin(t, s)
			mustClose(t, s)
			run(t, command, backup, p.path)
			s = MustOpen(t, p.path)
			started := mustBegin(t, s)
			if started.Boot != 2 || !started.Restored || started.Epoch == before.Epoch {
				t.Errorf("%+v after %+v", started, before)
			}
			wantAfterBegin(t, s, p, true)
			wantWitness(t, s, 2)
		})
	}
}

// TestRestoreLegacyClients: a legacy client whose chat a restore ends leaves no row behind; a waiting one is left to the
// start.
func TestRestoreLegacyClients(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	a, b := pair(1, 1, 2)
	b = old(b)
	w := old(waiting(3, 1))
	mustCommit(t, s, put(a, b, w)...)
	mustClose(t, s)
	run(t, "rm", s.path+witnessSuffix)
	s = MustOpen(t, s.path)
	if started := mustBegin(t, s); !started.Restored {
		t.Errorf("%+v", started)
	}
	if got := mustLoad(t, s); !slices.Equal(got, []chat.Record{away(w, t0)}) {
		t.Errorf("%+v", got)
	}
	if _, ok, err := s.Find(t.Context(), b.Hash); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	a.Pair, a.Side, a.Alias, a.MatchedAt = 0, 0, "", 0
	wantFound(t, s, away(a, t0))
}

// TestWitnessUnwritable: a witness that cannot be written is an error with one line, and the next start that can write
// it continues the chats.
func TestWitnessUnwritable(t *testing.T) {
	path, epoch, p := begun(t, 2)
	dir := filepath.Dir(path)
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	for name, mode := range map[string]os.FileMode{
		filepath.Dir(dir): 0o755, dir: 0o777, path: 0o666, path + dbfile.LockSuffix: 0o666, path + witnessSuffix: 0o644,
	} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	cmd := helperCmd(t, "begin", path)
	if os.Getuid() == 0 { // modes do not restrict root
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "open\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := os.Chmod(dir, 0o555); err != nil { // SQLite already has the -wal
		t.Fatal(err)
	}
	in.Close()
	said, _ := io.ReadAll(lines)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exit.NotWritable {
		t.Errorf("exit code %d", code)
	}
	if bytes.Count(said, []byte("\n")) != 1 || !bytes.Contains(said, []byte(witnessSuffix)) || !bytes.Contains(said, []byte("permission denied")) {
		t.Errorf("%q", said)
	}
	os.Chmod(dir, 0o755)
	s := MustOpen(t, path)
	if started := mustBegin(t, s); started != (Started{Boot: 4, Epoch: epoch, Since: 1}) {
		t.Errorf("%+v, the epoch was %s", started, epoch)
	}
	wantAfterBegin(t, s, p, false)
}
