package doctor

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

	"chatme/internal/exit"
	"chatme/internal/store"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// asStranger runs doctor in dir as a user that owns nothing there, with this environment.
func asStranger(t *testing.T, dir string, environ []string, args ...string) (code int, found doctorSummary) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	testbed.OpenToAll(t, bin)
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

// harmful is advice that removes something. Unless something was found, none of it may be printed.
var harmful = regexp.MustCompile(`chown|chmod|restore|\brm\b|move|delete`)

func (f findings) harmless(t *testing.T) {
	t.Helper()
	for _, each := range f {
		if harmful.MatchString(each.Remedy) {
			t.Errorf("%+v", each)
		}
	}
}

// only requires that the checks have no other states than these.
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

// TestDoctorWithoutSettings: checks that depend on unknown settings are skipped, and the exit code tells.
func TestDoctorWithoutSettings(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed.conf")
	testbed.MustWrite(t, closed, []byte("WEB_API_KEY=k\n"))
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	testbed.OpenToAll(t, closed+".none")
	for name, tt := range map[string]struct {
		dir     string
		environ []string
		args    []string
		code    int
		says    string
	}{
		"in an empty directory":         {t.TempDir(), nil, nil, exit.Config, "no settings found"},
		"in the root":                   {"/", nil, nil, exit.Config, "no settings found"},
		"a missing file":                {"/", nil, []string{"--config", "/nowhere/chatme.conf"}, exit.Config, "no such file"},
		"an unreadable file":            {"/", nil, []string{"--config", closed}, exit.Config, "permission denied"},
		"not a file":                    {"/", nil, []string{"--config", "/"}, exit.Config, "is a directory"},
		"with a key in the environment": {"/", []string{"WEB_API_KEY=k"}, []string{"--config", closed}, exit.Config, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testbed.OpenToAll(t, filepath.Join(tt.dir, "none"))
			code, found := asStranger(t, tt.dir, tt.environ, tt.args...)
			found.Findings.wants(t, findingUnknown, "configuration", tt.says, "--config")
			found.Findings.only(t, ofSettings, findingNot)
			found.Findings.harmless(t)
			if code != tt.code || found.OK || found.Problems != 0 {
				t.Errorf("exit code %d, %+v", code, found)
			}
		})
	}
	t.Run("an unreadable key file", func(t *testing.T) {
		dir := t.TempDir()
		testbed.OpenToAll(t, filepath.Join(dir, "none"))
		code, found := asStranger(t, "/", []string{"WEB_API_KEY_FILE=" + closed, "CHATME_ADDR=127.0.0.1:0", "CHATME_DB=" + filepath.Join(dir, "chatme.db")})
		found.Findings.wants(t, findingUnknown, "configuration", "permission denied", "")
		found.Findings.wants(t, findingOK, "port", "is free", "")
		found.Findings.harmless(t)
		if code != exit.Config || found.Problems != 0 {
			t.Errorf("exit code %d, %+v", code, found)
		}
	})
	t.Run("one bad value", func(t *testing.T) {
		code, found := asStranger(t, "/", []string{"WEB_API_KEY=k", "CHATME_ADDR=nowhere"})
		found.Findings.wants(t, findingProblem, "configuration", "CHATME_ADDR", "")
		found.Findings.only(t, []string{"port"}, findingNot)
		found.Findings.harmless(t)
		if code != exit.Failure {
			t.Errorf("exit code %d", code)
		}
	})
}

// TestDoctorInADirectoryOfOthers: whatever is wrong with a directory without a chatme database, doctor suggests no change to it.
func TestDoctorInADirectoryOfOthers(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, db string){
		"no database":                func(*testing.T, string) {},
		"another program's database": func(t *testing.T, db string) { testbed.Sqlite(t, db, `CREATE TABLE recipes (name)`) },
		"a text file":                func(t *testing.T, db string) { testbed.MustWrite(t, db, []byte(strings.Repeat("Dear diary,\n", 1000))) },
		"an unreadable file":         func(t *testing.T, db string) { testbed.MustWrite(t, db, []byte("x")); os.Chmod(db, 0) },
		"a directory":                func(t *testing.T, db string) { testbed.MustMkdir(t, db) },
		"a pipe":                     func(t *testing.T, db string) { syscall.Mkfifo(db, 0o666) },
		"a large file":               func(t *testing.T, db string) { testbed.MustWrite(t, db, make([]byte, 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			db := filepath.Join(dir, "chatme.db")
			prepare(t, db)
			testbed.OpenToAll(t, db)
			environ := []string{"WEB_API_KEY=k", "CHATME_ADDR=127.0.0.1:0", "CHATME_DB=" + db}
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			_, found := asStranger(t, dir, environ)
			found.Findings.harmless(t)
			s := &inside.Running{DB: db, Env: environ}
			_, found = doctored(t, s, "--addr", "127.0.0.1:0")
			found.Findings.harmless(t)
		})
	}
}

// TestDoctorAsAnotherUser has no access to the installation, which is not the installation's fault.
func TestDoctorAsAnotherUser(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o750, 0o755} {
		for name, start := range map[string]func(testing.TB) *inside.Running{
			"running": func(tb testing.TB) *inside.Running { return inside.RunServer(tb) }, "stopped": inside.StoppedServer,
		} {
			t.Run(name+" "+mode.String(), func(t *testing.T) {
				s := start(t)
				testbed.OpenToAll(t, s.DB)
				if err := os.Chmod(filepath.Dir(s.DB), mode); err != nil {
					t.Fatal(err)
				}
				code, found := asStranger(t, "/", append(s.Env, "CHATME_ADDR=127.0.0.1:0"))
				found.Findings.harmless(t)
				found.Findings.wants(t, findingUnknown, "database", "permission denied", asServer)
				if code != exit.Unknown || found.Problems != 0 || found.OK {
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
		d.findings.wants(t, findingUnknown, check, "cannot check: i/o timeout", "try again")
		d.findings.harmless(t)
	}
	d := patient(t)
	d.whole = false // an old copy may be the last good one
	writeAged(t, d.files.Database+".before-0002", 0o640, 2*staleCopy)
	d.files, _ = store.FilesOf(d.files.Database)
	d.neighbours()
	d.findings.wants(t, findingOK, "leftovers", "from before an upgrade", "")
	d.findings.harmless(t)
}

// TestDoctorOfAForeignTable runs the command: what tools add is not damage, and a missing table is.
func TestDoctorOfAForeignTable(t *testing.T) {
	t.Parallel()
	s := inside.StoppedServer(t)
	testbed.Sqlite(t, s.DB, `CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE TABLE _litestream_lock (id INTEGER);
		ANALYZE; CREATE VIEW mine AS SELECT count(*) FROM sessions; CREATE INDEX mine_too ON sessions (created_at)`)
	code, found := doctored(t, s, "--addr", "127.0.0.1:0")
	found.Findings.wants(t, findingOK, "tables", "_litestream_seq", "")
	found.Findings.wants(t, findingOK, "integrity", "", "")
	if code != exit.OK {
		t.Errorf("exit code %d: %+v", code, found)
	}
	testbed.Sqlite(t, s.DB, `DROP VIEW mine; DROP TABLE mailbox`)
	code, found = doctored(t, s, "--addr", "127.0.0.1:0")
	found.Findings.wants(t, findingProblem, "tables", "missing: table mailbox", "chatme restore")
	if code != exit.Failure {
		t.Errorf("exit code %d: %+v", code, found)
	}
}

// TestDoctorAsksTheServer: the server's address and settings in effect are not in doctor's settings.
func TestDoctorAsksTheServer(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t)
	for _, addr := range []string{"127.0.0.1:1", ":443", "192.0.2.1:9"} {
		code, found := doctored(t, s, "--addr", addr)
		found.Findings.wants(t, findingOK, "port", "answers on "+s.Addr+"; in these settings CHATME_ADDR is "+addr, "")
		if code != exit.OK {
			t.Errorf("exit code %d", code)
		}
	}
	if code, stdout, _ := s.Chatme(t.Context(), doctorTree(), "status"); code != exit.OK || !regexp.MustCompile(`listening on +`+regexp.QuoteMeta(s.Addr)).MatchString(stdout) {
		t.Errorf("%d: %s", code, stdout)
	}
}

// TestDoctorAdminSockets puts something other than this version's server on the admin socket.
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
		"an older server":         {older, findingNot, "admin socket", "another version", "restart the server"},
		"a newer server":          {newer, findingWarning, "server", "it is version v99", "the server's own binary"},
		"another program":         {odd, findingUnknown, "admin socket", "cannot check", "CHATME_ADMIN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := inside.RunServer(t)
			path := filepath.Join(t.TempDir(), "s")
			listen(t, path, tt.handler)
			_, found := doctored(t, s, "--admin", path)
			found.Findings.wants(t, tt.state, tt.check, tt.text, tt.remedy)
		})
	}
	t.Run("left, and no server", func(t *testing.T) {
		t.Parallel()
		s := inside.StoppedServer(t)
		listen(t, s.DB+".sock", nil)
		code, found := doctored(t, s, "--addr", "127.0.0.1:0")
		found.Findings.wants(t, findingOK, "server", "none is running", "")
		if code != exit.OK {
			t.Errorf("exit code %d: %+v", code, found)
		}
	})
}

// TestDoctorOlderThanTheDatabase: while a server runs, a binary that does not know its schema is the wrong one.
func TestDoctorOlderThanTheDatabase(t *testing.T) {
	t.Parallel()
	s, stop := inside.StartServer(t)
	d := patient(t)
	d.cfg.DB, d.ctx = s.DB, context.Background()
	testbed.Sqlite(t, s.DB, `PRAGMA busy_timeout = 5000; INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	d.locate()
	d.findServer()
	d.database()
	d.findings.wants(t, findingUnknown, "database", "made by a newer chatme", "that server's binary")
	d.findings.harmless(t)
	stop()
	_, found := doctored(t, s, "--addr", "127.0.0.1:0")
	found.Findings.wants(t, findingProblem, "database", "made by a newer chatme", "name the right database")
}
