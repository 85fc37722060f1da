package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// smallDisk is the size in bytes of the file system that the test fills.
const smallDisk = 4 << 20

// testDiskFull: while the disk is full, chats are not affected, no client is told anything untrue, and none is
// disconnected. Once there is space again, the server recovers on its own.
func testDiskFull(t *testing.T, s *testbed.Site) {
	movesTo(t, s, smallDisk)
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	c, d := s.Join("c", client.Options{}), s.Join("d", client.Options{})
	testbed.Meet(c, d)
	d.Drop()
	c.Await("partner_away")
	c.Say()
	c.Await("ack")

	free := fillDisk(t, s.Dir)
	var late []*testbed.Person
	for full := false; !full; {
		p := s.Join(fmt.Sprintf("late%d", len(late)), client.Options{Legacy: true}) // without a row before its search
		p.Check(p.Client.Search())
		late = append(late, p)
		select {
		case l := <-server.Fails:
			full = true
			if !strings.Contains(l.Error, "free some space") {
				t.Errorf("the log line has error %q", l.Error)
			}
		case <-time.After(pulse): // what fits into the space of the WAL is committed
		}
	}
	wantReady(s, "the disk is full")
	c.Say() // to an absent partner: not before there is space
	last := late[len(late)-1]
	for over, ticks := time.After(testbed.InSoak(30*time.Second, time.Second)), time.NewTicker(pulse); over != nil; {
		select {
		case <-over:
			over = nil
			ticks.Stop()
		case <-ticks.C:
			testbed.Talk(a, b)
			a.Check(a.Ping())
			a.Await("pong")
			a.Check(a.Ack())
			b.Check(b.Ack())
		}
	}
	if m, err := last.Recv(ended(t)); err == nil {
		t.Errorf("while nothing could be committed, a search was answered with %s", client.Describe(&m))
	}
	if acked := c.State().Acked; acked != 1 {
		t.Errorf("while nothing could be committed, custody advanced to %d", acked)
	}

	free()
	took := timed(func() {
		last.Await("searching")
		for c.State().Acked < 2 {
			c.Await("ack")
		}
	})
	if took > pace.Of(drained) {
		t.Errorf("answered %v after there was space again", took)
	}
	wantReady(s, "")
	t.Logf("%d searches filled a disk of %d MiB; answered %v after there was space again", len(late), smallDisk>>20, took)
	for _, p := range append(late, a, b, c) {
		if end := p.CloseErr(); end != nil {
			t.Errorf("%s: %v", p.Name, end)
		}
	}
	testbed.Talk(a, b)
	server.Kill()
	s.Start()
	comesBackMatched(a, "away")
	d.Dial(d.Resume())
	if m := d.Greet(); m.Replay != 2 {
		t.Errorf("d resumed to %s", client.Describe(&m))
	}
	d.Hear(c)
	s.Asks(`PRAGMA integrity_check`, "ok")
}

// movesTo moves the site to its own file system of this many bytes.
func movesTo(t *testing.T, s *testbed.Site, size int) {
	t.Helper()
	stage.Root(t, "mount a small file system")
	if err := syscall.Mount("none", s.Dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatalf("mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(s.Dir, 0); err != nil {
			t.Errorf("unmount %s: %v", s.Dir, err)
		}
	})
}

// fillDisk uses up the file system of dir; free frees the space again.
func fillDisk(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// parkedWAL is how large a parked reader lets the WAL grow here, in bytes: more than what remains of it afterwards.
const parkedWAL = 24 << 20

// testParkedReader: a reader that stays in a transaction makes the WAL grow, without other effects. Once it ends, the
// WAL is reset and truncated.
func testParkedReader(t *testing.T, s *testbed.Site) {
	s.Flags = []string{"--mailbox-bytes", "64MiB", "--mailbox-messages", "1000"}
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	b.Drop()
	a.Await("partner_away")
	image := marks{}.image("image", 1<<14)
	write := func() {
		sends(a, image)
		for sent := a.State().Sent; a.State().Acked < sent; {
			a.Await("ack")
		}
	}
	wal := func() int64 {
		info, err := os.Stat(s.DB + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write()

	parked := openShell(s, "-readonly")
	parked.runs("BEGIN;\nSELECT count(*) FROM mailbox;\n", "1")
	for wal() < parkedWAL {
		write()
	}
	parked.release()
	write()
	write() // this one resets the WAL
	after := wal()
	for range 20 {
		write()
	}
	if grown := wal(); after >= parkedWAL || grown >= parkedWAL {
		t.Errorf("the WAL has %d bytes after the reader ended, and %d later", after, grown)
	}
	sent := int(a.State().Sent)
	b.Dial(b.Resume())
	if m := b.Greet(); m.Replay != sent {
		t.Errorf("%s, want a replay of %d", client.Describe(&m), sent)
	}
	for range sent {
		receives(b, image)
	}
	b.Check(b.Ack())
	s.ComesTo(`SELECT count(*) FROM mailbox`, "0")
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	t.Logf("%d images of %d bytes; the WAL had %d bytes, and then %d", sent, len(image), parkedWAL, after)
}

// testBackupDiskFull: without enough space, backup and restore make no copy. The existing files stay, and the server is
// not held up.
func testBackupDiskFull(t *testing.T, s *testbed.Site) {
	movesTo(t, s, smallDisk)
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	runs(s, exit.OK, "backup", "--db", s.DB, "backup.db")
	free := fillDisk(t, s.Dir)
	if said := runs(s, exit.NotWritable, "backup", "--db", s.DB, "another.db"); !strings.Contains(said, "free some space") {
		t.Errorf("backup printed %q", said)
	}
	testbed.Talk(a, b)
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	if said := runs(s, exit.NotWritable, "restore", "--db", s.DB, "--replace", "backup.db"); !strings.Contains(said, "free some space") {
		t.Errorf("restore printed %q", said)
	}
	free()
	names, err := filepath.Glob(filepath.Join(s.Dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.Contains(name, ".part") || strings.Contains(name, "another") || strings.Contains(name, "replaced") {
			t.Errorf("%s was left behind", name)
		}
	}
	s.Start()
	comesBackMatched(a, "away") // the chat of the old database, not of a restored one
}
