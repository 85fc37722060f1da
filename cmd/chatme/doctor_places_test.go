package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/store"
)

// asStranger runs doctor in dir as a user who owns nothing there, with this environment.
func asStranger(t *testing.T, dir string, environ []string, args ...string) (code int, found doctorSummary) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "chatme") // of the name by which the test binary is the command
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(self, bin); err != nil {
		writeProgram(t, bin, mustRead(t, self))
	}
	if err := os.Chmod(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	openToAll(t, bin)
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"doctor", "--json", "--integrity", "off"}, args...)...)
	cmd.Dir, cmd.Env = dir, append([]string{"PATH=/usr/bin:/bin"}, environ...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4242, Gid: 4242}}
	}
	out, _ := cmd.Output()
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return cmd.ProcessState.ExitCode(), found
}

// harmful is advice that takes something away. Without something that was found nothing of it may be printed.
var harmful = regexp.MustCompile(`chown|chmod|restore|\brm\b|move|delete`)

func (f findings) harmless(t *testing.T) {
	t.Helper()
	for _, each := range f {
		if harmful.MatchString(each.Remedy) {
			t.Errorf("%+v", each)
		}
	}
}

// only wants nothing of the checks but these states.
func (f findings) only(t *testing.T, checks []string, states ...findingState) {
	t.Helper()
	for _, each := range f {
		if slices.Contains(checks, each.Check) && !slices.Contains(states, each.State) {
			t.Errorf("%+v", each)
		}
	}
}

// ofSettings are the checks that need the server's settings.
var ofSettings = []string{"TLS", "keys", "server", "port", "descriptors", "admin socket", "database", "permissions", "disk", "Litestream", "trusted proxies", "origins"}

// TestDoctorWithoutSettings: what depends on settings that are not known is not checked, and the exit code says so.
func TestDoctorWithoutSettings(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed.conf")
	mustWrite(t, closed, []byte("WEB_API_KEY=k\n"))
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	openToAll(t, closed+".none")
	for name, tt := range map[string]struct {
		dir     string
		environ []string
		args    []string
		code    int
		says    string
	}{
		"in an empty directory":     {t.TempDir(), nil, nil, exitConfig, "no settings were found"},
		"in the root":               {"/", nil, nil, exitConfig, "no settings were found"},
		"a file that is not there":  {"/", nil, []string{"--config", "/nowhere/chatme.conf"}, exitConfig, "no such file"},
		"a file that is closed":     {"/", nil, []string{"--config", closed}, exitConfig, "permission denied"},
		"a file that is not one":    {"/", nil, []string{"--config", "/"}, exitConfig, "is a directory"},
		"beside a key that is here": {"/", []string{"WEB_API_KEY=k"}, []string{"--config", closed}, exitConfig, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			openToAll(t, filepath.Join(tt.dir, "none"))
			code, found := asStranger(t, tt.dir, tt.environ, tt.args...)
			found.Findings.wants(t, findingUnknown, "configuration", tt.says, "--config")
			found.Findings.only(t, ofSettings, findingNot)
			found.Findings.harmless(t)
			if code != tt.code || found.OK || found.Problems != 0 {
				t.Errorf("exit code %d, %+v", code, found)
			}
		})
	}
	t.Run("a key file that is closed", func(t *testing.T) {
		dir := t.TempDir()
		openToAll(t, filepath.Join(dir, "none"))
		code, found := asStranger(t, "/", []string{"WEB_API_KEY_FILE=" + closed, "CHATME_ADDR=127.0.0.1:0", "CHATME_DB=" + filepath.Join(dir, "chatme.db")})
		found.Findings.wants(t, findingUnknown, "configuration", "permission denied", "")
		found.Findings.wants(t, findingOK, "port", "is free", "")
		found.Findings.harmless(t)
		if code != exitConfig || found.Problems != 0 {
			t.Errorf("exit code %d, %+v", code, found)
		}
	})
	t.Run("one bad value", func(t *testing.T) {
		code, found := asStranger(t, "/", []string{"WEB_API_KEY=k", "CHATME_ADDR=nowhere"})
		found.Findings.wants(t, findingProblem, "configuration", "CHATME_ADDR", "")
		found.Findings.only(t, []string{"port"}, findingNot)
		found.Findings.harmless(t)
		if code != exitFailure {
			t.Errorf("exit code %d", code)
		}
	})
}

// TestDoctorInADirectoryOfOthers: whatever is wrong with a directory that has no database of chatme's, nothing is advised for it.
func TestDoctorInADirectoryOfOthers(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, db string){
		"no database":         func(*testing.T, string) {},
		"another's database":  func(t *testing.T, db string) { sqlite(t, db, `CREATE TABLE recipes (name)`) },
		"a text":              func(t *testing.T, db string) { mustWrite(t, db, []byte(strings.Repeat("Dear diary,\n", 1000))) },
		"an unreadable file":  func(t *testing.T, db string) { mustWrite(t, db, []byte("x")); os.Chmod(db, 0) },
		"a directory":         func(t *testing.T, db string) { mustMkdir(t, db) },
		"a pipe":              func(t *testing.T, db string) { syscall.Mkfifo(db, 0o666) },
		"something very long": func(t *testing.T, db string) { mustWrite(t, db, make([]byte, 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			db := filepath.Join(dir, "chatme.db")
			prepare(t, db)
			openToAll(t, db)
			environ := []string{"WEB_API_KEY=k", "CHATME_ADDR=127.0.0.1:0", "CHATME_DB=" + db}
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			_, found := asStranger(t, dir, environ)
			found.Findings.harmless(t)
			s := &running{db: db, env: environ}
			_, found = doctored(t, s, "--addr", "127.0.0.1:0")
			found.Findings.harmless(t)
		})
	}
}

// TestDoctorAsAnotherUser has no access to what it is about, which is not the installation's fault.
func TestDoctorAsAnotherUser(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o750, 0o755} {
		for name, start := range map[string]func(testing.TB) *running{
			"running": func(tb testing.TB) *running { return runServer(tb) }, "stopped": stoppedServer,
		} {
			t.Run(name+" "+mode.String(), func(t *testing.T) {
				s := start(t)
				openToAll(t, s.db)
				if err := os.Chmod(filepath.Dir(s.db), mode); err != nil {
					t.Fatal(err)
				}
				code, found := asStranger(t, "/", append(s.env, "CHATME_ADDR=127.0.0.1:0"))
				found.Findings.harmless(t)
				found.Findings.wants(t, findingUnknown, "database", "permission denied", asServer)
				if code != exitUnknown || found.Problems != 0 || found.OK {
					t.Errorf("exit code %d: %+v", code, found)
				}
			})
		}
	}
}

// TestDoctorUnknownErrors: what the store cannot explain is not damage.
func TestDoctorUnknownErrors(t *testing.T) {
	for _, check := range []string{"database", "integrity", "witness"} {
		d := patient(t)
		d.unexamined(check, os.ErrDeadlineExceeded)
		d.findings.wants(t, findingUnknown, check, "cannot check: i/o timeout", "look again")
		d.findings.harmless(t)
	}
	d := patient(t)
	d.whole = false // an old copy may be the last one that is good
	writeAged(t, d.files.Database+".before-0002", 0o640, 2*staleCopy)
	d.files, _ = store.FilesOf(d.files.Database)
	d.neighbours()
	d.findings.wants(t, findingOK, "leftovers", "from before an upgrade", "")
	d.findings.harmless(t)
}

// TestDoctorOfAForeignTable goes through the command: what tools add is not damage, and what is missing is.
func TestDoctorOfAForeignTable(t *testing.T) {
	t.Parallel()
	s := stoppedServer(t)
	sqlite(t, s.db, `CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE TABLE _litestream_lock (id INTEGER);
		ANALYZE; CREATE VIEW mine AS SELECT count(*) FROM sessions; CREATE INDEX mine_too ON sessions (created_at)`)
	code, found := doctored(t, s, "--addr", "127.0.0.1:0")
	found.Findings.wants(t, findingOK, "tables", "_litestream_seq", "")
	found.Findings.wants(t, findingOK, "integrity", "", "")
	if code != exitOK {
		t.Errorf("exit code %d: %+v", code, found)
	}
	sqlite(t, s.db, `DROP VIEW mine; DROP TABLE mailbox`)
	code, found = doctored(t, s, "--addr", "127.0.0.1:0")
	found.Findings.wants(t, findingProblem, "tables", "table mailbox is missing", "chatme restore")
	if code != exitFailure {
		t.Errorf("exit code %d: %+v", code, found)
	}
}

// TestDoctorAsksTheServer: where it listens, and what it goes by, is not in doctor's settings.
func TestDoctorAsksTheServer(t *testing.T) {
	t.Parallel()
	s := runServer(t)
	for _, addr := range []string{"127.0.0.1:1", ":443", "192.0.2.1:9"} {
		code, found := doctored(t, s, "--addr", addr)
		found.Findings.wants(t, findingOK, "port", "answers on "+s.addr+"; in these settings CHATME_ADDR is "+addr, "")
		if code != exitOK {
			t.Errorf("exit code %d", code)
		}
	}
	if code, stdout, _ := s.chatme(t.Context(), "status"); code != exitOK || !regexp.MustCompile(`listening on +`+regexp.QuoteMeta(s.addr)).MatchString(stdout) {
		t.Errorf("%d: %s", code, stdout)
	}
}

// TestDoctorAdminSockets has something else than this version's server on the admin socket.
func TestDoctorAdminSockets(t *testing.T) {
	t.Parallel()
	listen := func(t *testing.T, path string, handler http.Handler) {
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, adminMode); err != nil {
			t.Fatal(err)
		}
		if handler == nil {
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			l.Close()
			return
		}
		server := &http.Server{Handler: handler}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
	}
	older := http.NewServeMux()
	older.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	newer := http.NewServeMux()
	newer.Handle("/readyz", older)
	newer.HandleFunc("/about", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"version":"v99","listening":[{"addr":"127.0.0.1:1","tls":false,"more":1}],"more":{}}`))
	})
	odd := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) })
	for name, tt := range map[string]struct {
		handler      http.Handler
		state        findingState
		check        string
		text, remedy string
	}{
		"left by a killed server": {nil, findingWarning, "admin socket", "no server answers on", "CHATME_ADMIN"},
		"an older server":         {older, findingNot, "admin socket", "of another version", "restart the server"},
		"a newer server":          {newer, findingWarning, "server", "it is version v99", "its own program"},
		"another program":         {odd, findingUnknown, "admin socket", "cannot check", "CHATME_ADMIN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := runServer(t)
			path := filepath.Join(t.TempDir(), "s")
			listen(t, path, tt.handler)
			_, found := doctored(t, s, "--admin", path)
			found.Findings.wants(t, tt.state, tt.check, tt.text, tt.remedy)
		})
	}
	t.Run("left, and no server", func(t *testing.T) {
		t.Parallel()
		s := stoppedServer(t)
		listen(t, s.db+".sock", nil)
		code, found := doctored(t, s, "--addr", "127.0.0.1:0")
		found.Findings.wants(t, findingOK, "server", "none is running", "")
		if code != exitOK {
			t.Errorf("exit code %d: %+v", code, found)
		}
	})
}

// TestDoctorOlderThanTheDatabase: beside a server that runs, a program that does not know its schema is in the wrong.
func TestDoctorOlderThanTheDatabase(t *testing.T) {
	t.Parallel()
	s, stop := startServer(t)
	d := patient(t)
	d.cfg.DB, d.ctx = s.db, context.Background()
	sqlite(t, s.db, `PRAGMA busy_timeout = 5000; INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	d.locate()
	d.findServer()
	d.database()
	d.findings.wants(t, findingUnknown, "database", "made by a newer chatme", "the program that this server is run from")
	d.findings.harmless(t)
	stop()
	_, found := doctored(t, s, "--addr", "127.0.0.1:0")
	found.Findings.wants(t, findingProblem, "database", "made by a newer chatme", "name the right database")
}
