package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// testDatabaseRefused: a database that is not whole, not ours or not writable is refused with a line and an exit
// code of its own, and left as it is.
func testDatabaseRefused(t *testing.T, s *site) {
	server, _ := s.start()
	a, b := s.join("a", oldOptions), s.join("b", oldOptions)
	meet(a, b)
	if code, _ := server.terminate(); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	good := mustRead(t, s.db)

	for name, tt := range map[string]struct {
		make func(t *testing.T, db string)
		code int
		says string
	}{
		"corrupt": {func(t *testing.T, db string) {
			bad := bytes.Clone(good)
			copy(bad[len(bad)/2:], bytes.Repeat([]byte{0xa5}, len(bad)/2))
			mustWrite(t, db, bad)
		}, exitBadDatabase, "restore"},
		"no database": {func(t *testing.T, db string) {
			mustWrite(t, db, bytes.Repeat([]byte("this is no database\n"), 400))
		}, exitBadDatabase, "not a database"},
		"newer": {func(t *testing.T, db string) {
			mustWrite(t, db, good)
			shellWrites(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		}, exitBadDatabase, "newer chatme"},
		"foreign": {func(t *testing.T, db string) {
			shellWrites(t, db, `CREATE TABLE recipes (name TEXT)`)
		}, exitBadDatabase, `"recipes"`},
		"read-only": {func(t *testing.T, db string) {
			mustWrite(t, db, good)
			if err := os.Chmod(db, 0o444); err != nil {
				t.Fatal(err)
			}
		}, exitNotWritable, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			own := *s
			own.tb, own.dir = t, openDir(t)
			own.db = filepath.Join(own.dir, "chatme.db")
			tt.make(t, own.db)
			before := mustRead(t, own.db)

			cmd := own.command("serve", "--addr", "127.0.0.1:0", "--db", own.db)
			if name == "read-only" && os.Getuid() == 0 {
				openToAll(t, own.bin)
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			if said := own.fails(tt.code, cmd); !strings.Contains(said, tt.says) || !strings.Contains(said, own.db) {
				t.Errorf("%q does not say %q and which file", said, tt.says)
			}
			if after := mustRead(t, own.db); !bytes.Equal(after, before) {
				t.Error("the file has changed")
			}
		})
	}
}
