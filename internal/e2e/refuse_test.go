package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testDatabaseRefused: a database that is damaged, foreign or not writable is refused with one line and its own exit
// code, and left as it is.
func testDatabaseRefused(t *testing.T, s *testbed.Site) {
	server, _ := s.Start()
	a, b := s.Join("a", testbed.OldOptions), s.Join("b", testbed.OldOptions)
	testbed.Meet(a, b)
	if code, _ := server.Terminate(); code != exit.OK {
		t.Fatalf("exit code %d", code)
	}
	good := testbed.MustRead(t, s.DB)

	for name, tt := range map[string]struct {
		make func(t *testing.T, db string)
		code int
		says string
	}{
		"corrupt": {func(t *testing.T, db string) {
			bad := bytes.Clone(good)
			copy(bad[len(bad)/2:], bytes.Repeat([]byte{0xa5}, len(bad)/2))
			testbed.MustWrite(t, db, bad)
		}, exit.BadDatabase, "restore"},
		"no database": {func(t *testing.T, db string) {
			testbed.MustWrite(t, db, bytes.Repeat([]byte("this is not a database\n"), 400))
		}, exit.BadDatabase, "not a database"},
		"newer": {func(t *testing.T, db string) {
			testbed.MustWrite(t, db, good)
			testbed.ShellWrites(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		}, exit.BadDatabase, "newer chatme"},
		"foreign": {func(t *testing.T, db string) {
			testbed.ShellWrites(t, db, `CREATE TABLE recipes (name TEXT)`)
		}, exit.BadDatabase, `"recipes"`},
		"read-only": {func(t *testing.T, db string) {
			testbed.MustWrite(t, db, good)
			if err := os.Chmod(db, 0o444); err != nil {
				t.Fatal(err)
			}
		}, exit.NotWritable, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			own := *s
			own.TB, own.Dir = t, testbed.OpenDir(t)
			own.DB = filepath.Join(own.Dir, "chatme.db")
			tt.make(t, own.DB)
			before := testbed.MustRead(t, own.DB)

			cmd := own.Command("serve", "--addr", "127.0.0.1:0", "--db", own.DB)
			if name == "read-only" && os.Getuid() == 0 {
				testbed.OpenToAll(t, own.Bin)
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			if said := own.Fails(tt.code, cmd); !strings.Contains(said, tt.says) || !strings.Contains(said, own.DB) {
				t.Errorf("%q does not contain %q and the file name", said, tt.says)
			}
			if after := testbed.MustRead(t, own.DB); !bytes.Equal(after, before) {
				t.Error("the file was changed")
			}
		})
	}
}
