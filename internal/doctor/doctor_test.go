package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chatme/internal/app"
	"chatme/internal/chat"
	"chatme/internal/config"
	"chatme/internal/exit"
	"chatme/internal/operator"
	"chatme/internal/pace"
	"chatme/internal/probe"
	"chatme/internal/store"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// patient is an installation that has not been started, in its own directory.
func patient(tb testing.TB) *doctor {
	tb.Helper()
	db := filepath.Join(tb.TempDir(), "chatme.db")
	cfg := config.Default()
	cfg.DB = db
	files, err := store.FilesOf(db)
	if err != nil {
		tb.Fatal(err)
	}
	return &doctor{
		cmd: &Cmd{Timeout: pace.Of(testbed.StepTimeout), Integrity: "auto", Litestream: "no-such-litestream"}, ctx: tb.Context(),
		cfg: cfg, now: time.Now(), files: files,
	}
}

// wants requires a finding with this state, and with these parts in its text and remedy.
func (f findings) wants(tb testing.TB, state findingState, check, text, remedy string) {
	tb.Helper()
	for _, each := range f {
		if each.Check == check && each.State == state && strings.Contains(each.Text, text) && strings.Contains(each.Remedy, remedy) {
			if each.Remedy == "" && (state == findingProblem || state == findingWarning) {
				tb.Errorf("no remedy: %+v", each)
			}
			return
		}
	}
	tb.Errorf("no %s of %s with %q and %q in it: %+v", state, check, text, remedy, f)
}

// writeAged writes a file of this mode and age.
func writeAged(tb testing.TB, name string, mode os.FileMode, age time.Duration) {
	tb.Helper()
	err := os.WriteFile(name, []byte("x"), mode)
	err = errors.Join(err, os.Chmod(name, mode), os.Chtimes(name, time.Now().Add(-age), time.Now().Add(-age)))
	if err != nil {
		tb.Fatal(err)
	}
}

// TestDoctorFindings produces each finding. text and remedy are parts of it.
func TestDoctorFindings(t *testing.T) {
	ago := func(d time.Duration) chat.Time { return chat.Time(time.Now().Add(-d).UnixMilli()) }
	killed := func(n int) (rows []store.BootRow) {
		for i := range n {
			rows = append(rows, store.BootRow{Boot: uint64(n - i), Started: ago(time.Duration(i+1) * time.Minute)})
		}
		return rows
	}
	running := serverProcess{pid: 1, uid: 1000}
	for name, tt := range map[string]struct {
		look         func(t *testing.T, d *doctor)
		state        findingState
		check        string
		text, remedy string
	}{
		"world-readable key file": {func(_ *testing.T, d *doctor) {
			d.configuration([]config.Setting{{From: "file a.env", Exposed: "a.env"}}, nil)
		}, findingWarning, "keys", "a.env is world-readable", "chmod o= a.env"},
		"bad settings": {func(_ *testing.T, d *doctor) {
			d.configuration(nil, exit.WithCode(exit.Config, errors.Join(errors.New("one"), errors.New("other"))))
		}, findingProblem, "configuration", "other", "chatme config check"},
		"world-readable private key": {func(t *testing.T, d *doctor) {
			d.cfg.TLSKey = filepath.Join(t.TempDir(), "key.pem")
			writeAged(t, d.cfg.TLSKey, 0o644, 0)
			d.tlsKey()
		}, findingProblem, "keys", "private key", "chmod o= "},
		"no private key": {func(_ *testing.T, d *doctor) {
			d.cfg.TLSKey = "/nowhere/key.pem"
			d.tlsKey()
		}, findingProblem, "keys", "cannot read", "CHATME_TLS_KEY"},

		"no room for max-conns": {func(_ *testing.T, d *doctor) { d.cfg.MaxConns = 2000; d.descriptorLimit(2000, "it") },
			findingProblem, "descriptors", "max-conns 2000 needs 2064", "LimitNOFILE"},
		"no room at all": {func(_ *testing.T, d *doctor) { d.descriptorLimit(64, "it") }, findingProblem, "descriptors", "does not start", "ulimit"},
		"few sockets":    {func(_ *testing.T, d *doctor) { d.descriptorLimit(1024, "it") }, findingWarning, "descriptors", "720 clients", "LimitNOFILE"},
		"enough sockets": {func(_ *testing.T, d *doctor) { d.descriptorLimit(65536, "it") }, findingOK, "descriptors", "64448 clients", ""},

		"NFS":     {func(_ *testing.T, d *doctor) { d.fileSystem(0x6969) }, findingProblem, "file system", "NFS", "local disk"},
		"SMB":     {func(_ *testing.T, d *doctor) { d.fileSystem(0x517b) }, findingProblem, "file system", "SMB", "local disk"},
		"CIFS":    {func(_ *testing.T, d *doctor) { d.fileSystem(0xff534d42) }, findingProblem, "file system", "CIFS", "local disk"},
		"9p":      {func(_ *testing.T, d *doctor) { d.fileSystem(0x01021997) }, findingProblem, "file system", "9p", "local disk"},
		"Ceph":    {func(_ *testing.T, d *doctor) { d.fileSystem(0x00c36400) }, findingProblem, "file system", "cluster", "local disk"},
		"FUSE":    {func(_ *testing.T, d *doctor) { d.fileSystem(0x65735546) }, findingWarning, "file system", "FUSE", "local disk"},
		"tmpfs":   {func(_ *testing.T, d *doctor) { d.fileSystem(0x01021994) }, findingWarning, "file system", "in memory", "local disk"},
		"overlay": {func(_ *testing.T, d *doctor) { d.fileSystem(0x794c7630) }, findingWarning, "file system", "container", "volume"},
		"ext4":    {func(_ *testing.T, d *doctor) { d.fileSystem(0xef53) }, findingOK, "file system", "local", ""},

		"read-only": {func(_ *testing.T, d *doctor) { d.space(diskSpace{readOnly: true}) }, findingProblem, "disk", "read-only", "dmesg"},
		"full":      {func(_ *testing.T, d *doctor) { d.space(diskSpace{bytes: 1 << 20}) }, findingProblem, "disk", "1,048,576 bytes are free", "free some"},
		"nearly full": {func(_ *testing.T, d *doctor) { d.space(diskSpace{bytes: 1 << 30}) },
			findingWarning, "disk", "could take 1,207,959,552 more", "CHATME_MAIL_TOTAL"},
		"stored mail does not count": {func(_ *testing.T, d *doctor) {
			d.base = &store.Examination{MailBytes: 1 << 30}
			d.space(diskSpace{bytes: 1 << 30})
		}, findingOK, "disk", "could take 134,217,728 more", ""},
		"no inode":   {func(_ *testing.T, d *doctor) { d.space(diskSpace{bytes: 1 << 40, inodes: 3, counted: true}) }, findingProblem, "disk", "3 inodes", "df -i"},
		"few inodes": {func(_ *testing.T, d *doctor) { d.space(diskSpace{bytes: 1 << 40, inodes: 300, counted: true}) }, findingWarning, "disk", "300 inodes", "df -i"},
		"a large WAL": {func(t *testing.T, d *doctor) {
			writeAged(t, d.files.WAL, 0o640, 0)
			if err := os.Truncate(d.files.WAL, walRoom+1); err != nil {
				t.Fatal(err)
			}
			d.disk()
		}, findingWarning, "WAL", "keeps a transaction open", "sqlite3"},

		"clock gone back": {func(_ *testing.T, d *doctor) { d.boots([]store.BootRow{{Boot: 1, Started: ago(-time.Hour)}}) },
			findingProblem, "clock", "it went back", "timedatectl"},
		"crash loop": {func(_ *testing.T, d *doctor) { d.boots(killed(5)) }, findingProblem, "starts", "5 starts", "journalctl"},
		"crash loop, running": {func(_ *testing.T, d *doctor) { d.server = running; d.boots(killed(6)) },
			findingProblem, "starts", "5 starts", "journalctl"},
		"crashes":   {func(_ *testing.T, d *doctor) { d.boots(killed(2)) }, findingWarning, "starts", "2 starts", "dmesg"},
		"one crash": {func(_ *testing.T, d *doctor) { d.boots(killed(1)) }, findingWarning, "starts", "start 1 at", "journalctl"},
		"crashes of yesterday": {func(_ *testing.T, d *doctor) {
			d.server = running
			d.boots([]store.BootRow{{Boot: 3, Started: ago(25 * time.Hour)}, {Boot: 2, Started: ago(26 * time.Hour)}, {Boot: 1, Started: ago(26 * time.Hour)}})
		}, findingOK, "starts", "3 so far", ""},
		"clean shutdown": {func(_ *testing.T, d *doctor) {
			d.boots([]store.BootRow{{Boot: 1, Started: ago(time.Hour), Stopped: ago(time.Minute), Reason: "signal"}})
		}, findingOK, "starts", "shut down cleanly (signal)", ""},

		"wrong pragma": {func(_ *testing.T, d *doctor) {
			d.pragmas(store.Examination{Pragmas: []store.PragmaRead{{Name: "synchronous", Got: "1", Want: "2"}}})
		}, findingProblem, "settings of SQLite", "PRAGMA synchronous is 1, must be 2", "install"},
		"not in WAL mode": {func(_ *testing.T, d *doctor) {
			d.pragmas(store.Examination{Pragmas: []store.PragmaRead{{Name: "journal_mode", Got: "delete", Want: "wal"}}})
		}, findingWarning, "settings of SQLite", "not in WAL mode", "start the server"},
		"an old SQLite": {func(_ *testing.T, d *doctor) { d.pragmas(store.Examination{SQLite: "3.50.0", SQLiteBug: true}) },
			findingProblem, "SQLite", "3.50.0", "newer chatme"},
		"an old shell": {func(_ *testing.T, d *doctor) { d.shellVersion("3.40.1 2022-12-28 14:03:47 df5c") },
			findingWarning, "sqlite3 shell", "3.40.1", "-readonly"},
		"a new shell": {func(_ *testing.T, d *doctor) { d.shellVersion("3.51.3 2026-02-01") }, findingOK, "sqlite3 shell", "3.51.3", ""},
		"a foreign database": {func(t *testing.T, d *doctor) {
			writeAged(t, d.files.Database, 0o640, 0)
			if err := os.Truncate(d.files.Database, 4096); err != nil {
				t.Fatal(err)
			}
			d.database()
		}, findingProblem, "database", "not a database", "the right file"},
		"integrity off":  {func(_ *testing.T, d *doctor) { d.cmd.Integrity = "off"; d.integrity(1) }, findingNot, "integrity", "skipped", "full"},
		"large database": {func(_ *testing.T, d *doctor) { d.integrity(autoIntegrity + 1) }, findingNot, "integrity", "1,073,741,825 bytes", "full"},

		"Litestream is behind": {func(_ *testing.T, d *doctor) { d.litestreamLag(d.now, d.now.Add(-time.Hour)) },
			findingProblem, "Litestream", "1h0m0s behind", "systemctl status litestream"},
		"Litestream keeps up": {func(_ *testing.T, d *doctor) { d.litestreamLag(d.now.Add(-time.Hour), d.now.Add(-time.Hour)) },
			findingOK, "Litestream", "read every change", ""},
		"Litestream stopped": {func(t *testing.T, d *doctor) {
			dir := filepath.Join(d.files.Litestream, "ltx", "0")
			if err := os.MkdirAll(dir, 0o750); err != nil {
				t.Fatal(err)
			}
			writeAged(t, filepath.Join(dir, "1.ltx"), 0o640, 2*time.Hour)
			writeAged(t, d.files.WAL, 0o640, 0)
			d.litestream()
		}, findingProblem, "Litestream", "behind", "its log"},
		"Litestream is missing": {func(_ *testing.T, d *doctor) {
			d.base = &store.Examination{Litestream: true}
			d.litestream()
		}, findingWarning, "Litestream", "no longer is", "start it again"},
		"no Litestream":        {func(_ *testing.T, d *doctor) { d.litestream() }, findingOK, "Litestream", "not used", ""},
		"an old Litestream":    {func(_ *testing.T, d *doctor) { d.litestreamVersion("v0.5.16\n") }, findingWarning, "Litestream", "0.5.16", "0.5.18 or newer"},
		"a good Litestream":    {func(_ *testing.T, d *doctor) { d.litestreamVersion("0.5.18\n") }, findingOK, "Litestream", "0.5.18", ""},
		"a custom Litestream":  {func(_ *testing.T, d *doctor) { d.litestreamVersion("(development build)") }, findingNot, "Litestream", "development", "0.5.18"},
		"Litestream not found": {func(_ *testing.T, d *doctor) { d.litestreamProgram() }, findingNot, "Litestream", "not found", "--litestream"},

		"not the server's file": {func(t *testing.T, d *doctor) {
			writeAged(t, d.files.Database, 0o640, 0)
			d.permission(d.files.Database, serverProcess{uid: 4242, gids: []uint32{4242}}, 6)
		}, findingProblem, "permissions", "is not writable by user 4242", "chown 4242 "},
		"world-writable": {func(t *testing.T, d *doctor) {
			writeAged(t, d.files.Database, 0o666, 0)
			d.ours = true
			d.permissions()
		}, findingProblem, "permissions", "is world-writable", "chmod 0640"},
		"world-readable": {func(t *testing.T, d *doctor) {
			writeAged(t, d.files.WAL, 0o644, 0)
			d.ours = true
			d.permissions()
		}, findingWarning, "permissions", "is world-readable", "chmod 0640"},
		"world-writable directory": {func(t *testing.T, d *doctor) {
			if err := os.Chmod(filepath.Dir(d.files.Database), 0o777); err != nil {
				t.Fatal(err)
			}
			d.ours = true
			d.permissions()
		}, findingProblem, "permissions", "mode 0777", "chmod 0750"},
		"world-writable directory with other files": {func(t *testing.T, d *doctor) {
			writeAged(t, filepath.Join(filepath.Dir(d.files.Database), "diary"), 0o640, 0)
			if err := os.Chmod(filepath.Dir(d.files.Database), 0o777); err != nil {
				t.Fatal(err)
			}
			d.ours = true
			d.permissions()
		}, findingProblem, "permissions", "mode 0777", "it holds other files"},
		"good permissions": {func(_ *testing.T, d *doctor) { d.ours = true; d.permissions() }, findingOK, "permissions", "not world-readable", ""},
		"an unknown user": {func(_ *testing.T, d *doctor) {
			d.server, d.ours = serverProcess{pid: 1, nobody: true}, true
			d.permissions()
		}, findingNot, "permissions", "not known", "root"},

		"an old copy": {func(t *testing.T, d *doctor) { d.beside(t, ".before-0002", 40*24*time.Hour) },
			findingWarning, "leftovers", "from before an upgrade", "rm "},
		"a new copy":         {func(t *testing.T, d *doctor) { d.beside(t, ".before-0002", time.Hour) }, findingOK, "leftovers", "from before an upgrade", ""},
		"replaced long ago":  {func(t *testing.T, d *doctor) { d.beside(t, ".replaced-x", 40*24*time.Hour) }, findingWarning, "leftovers", "a restore replaced", "rm "},
		"an unfinished copy": {func(t *testing.T, d *doctor) { d.beside(t, ".part-00", 2*time.Hour) }, findingWarning, "leftovers", "an unfinished copy", "rm -r "},

		"no admin socket": {func(_ *testing.T, d *doctor) { d.server = running; d.adminSocket() },
			findingWarning, "admin socket", "does not exist", "CHATME_ADMIN"},
		"admin socket off": {func(_ *testing.T, d *doctor) { d.cfg.Admin = "off"; d.adminSocket() }, findingOK, "admin socket", "disabled", ""},
		"a hung server": {func(t *testing.T, d *doctor) {
			d.server, d.cmd.Timeout = running, 50*time.Millisecond
			d.asked = context.DeadlineExceeded
			d.cfg.Admin = filepath.Join(t.TempDir(), "s")
			l, err := net.Listen("unix", d.cfg.Admin)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			d.adminSocket()
		}, findingProblem, "admin socket", "", "restart it"},

		"a taken port": {func(t *testing.T, d *doctor) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			d.cfg.Addr = l.Addr().String()
			d.listeners()
		}, findingProblem, "port", "is in use by process", "CHATME_ADDR"},
		"a foreign address": {func(_ *testing.T, d *doctor) { d.cfg.Addr = "192.0.2.1:8787"; d.listeners() },
			findingProblem, "port", "192.0.2.1", "address of this machine"},
		"a free port": {func(_ *testing.T, d *doctor) { d.cfg.Addr = "127.0.0.1:0"; d.listeners() }, findingOK, "port", "is free", ""},
		"a server elsewhere": {func(_ *testing.T, d *doctor) { d.server, d.cfg.Addr = running, "127.0.0.1:1"; d.listeners() },
			findingUnknown, "port", "nothing answers on 127.0.0.1:1", "--config"},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			tt.look(t, d)
			d.findings.wants(t, tt.state, tt.check, tt.text, tt.remedy)
		})
	}
}

// beside writes a file next to the database and checks it.
func (d *doctor) beside(t *testing.T, suffix string, age time.Duration) {
	writeAged(t, d.files.Database+suffix, 0o640, age)
	files, err := store.FilesOf(d.files.Database)
	if err != nil {
		t.Fatal(err)
	}
	d.files, d.whole = files, true
	d.neighbours()
}

func TestMayAccess(t *testing.T) {
	for name, tt := range map[string]struct {
		as   serverProcess
		mode uint32
		want bool
	}{
		"root":               {serverProcess{uid: 0}, 0o000, true},
		"owner":              {serverProcess{uid: 10}, 0o600, true},
		"owner, only read":   {serverProcess{uid: 10}, 0o466, false},
		"group":              {serverProcess{uid: 11, gids: []uint32{7, 20}}, 0o660, true},
		"group, only read":   {serverProcess{uid: 11, gids: []uint32{20}}, 0o646, false},
		"others":             {serverProcess{uid: 11, gids: []uint32{7}}, 0o606, true},
		"others, by no mode": {serverProcess{uid: 11}, 0o660, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.as.may(statOf(10, 20, tt.mode), 6); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestKernelAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"0100007F:2253":                         "127.0.0.1:8787",
		"00000000000000000000000001000000:0050": "[::1]:80",
		"0000000000000000FFFF00000100007F:0050": "127.0.0.1:80", // IPv4 in IPv6
		"xx:0050":                               "", "0100007F": "", "01:0050": "",
	} {
		got, ok := parseKernelAddr(text)
		if ok != (want != "") || ok && got != netip.MustParseAddrPort(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
}

// doctorTree returns the commands of these tests.
func doctorTree() any {
	return &struct {
		Serve  app.ServeCmd       `cmd:""`
		Doctor Cmd                `cmd:""`
		Probe  probe.Cmd          `cmd:""`
		Runs   operator.RunsCmd   `cmd:""`
		Status operator.StatusCmd `cmd:""`
	}{}
}

// doctored runs the command in this process and returns its output.
func doctored(t *testing.T, s *inside.Running, args ...string) (code int, found doctorSummary) {
	t.Helper()
	code, stdout, stderr := s.Chatme(t.Context(), doctorTree(), append([]string{"doctor", "--json", "--addr", s.Addr}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	if (code == exit.OK) != found.OK || found.OK && found.Problems+found.Unknown != 0 || (code == exit.Failure) != (found.Problems > 0) || found.Problems != found.Findings.count(findingProblem) {
		t.Errorf("exit code %d and %+v", code, found)
	}
	if strings.Contains(stdout, inside.WebTestKey) {
		t.Errorf("a key is printed: %s", stdout)
	}
	return code, found
}

// Next to a healthy server there is no problem, and nothing changes.
func TestDoctorOfARunningServer(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t)
	for range 2 {
		code, found := doctored(t, s)
		if code != exit.OK {
			t.Errorf("%+v", found)
		}
		for _, check := range []string{"configuration", "server", "port", "descriptors", "ready", "permissions", "database", "settings of SQLite", "SQLite", "integrity", "starts", "witness", "Litestream"} {
			found.Findings.wants(t, findingOK, check, "", "")
		}
	}
}

func TestDoctorOfAStoppedServer(t *testing.T) {
	t.Parallel()
	s := inside.StoppedServer(t)
	code, found := doctored(t, s)
	if code != exit.OK {
		t.Errorf("%+v", found)
	}
	found.Findings.wants(t, findingOK, "starts", "shut down cleanly (signal)", "")
	found.Findings.wants(t, findingOK, "port", "is free", "")
	if err := os.Remove(s.DB + ".witness"); err != nil {
		t.Fatal(err)
	}
	_, found = doctored(t, s)
	found.Findings.wants(t, findingWarning, "witness", "no witness", "restore")

	// A page of garbage in the middle.
	f, err := os.OpenFile(s.DB, os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt([]byte(strings.Repeat("rubbish ", 512)), 4096)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	code, found = doctored(t, s)
	if code != exit.Failure || !slices.ContainsFunc(found.Findings, func(f finding) bool {
		return f.State == findingProblem && (f.Check == "integrity" || f.Check == "database") && strings.Contains(f.Remedy, "restore")
	}) {
		t.Errorf("exit code %d, %+v", code, found)
	}
}

// statOf returns a file's owner, group and mode.
func statOf(uid, gid, mode uint32) *unix.Stat_t { return &unix.Stat_t{Uid: uid, Gid: gid, Mode: mode} }
