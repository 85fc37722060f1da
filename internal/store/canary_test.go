package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"chatme/internal/chat"
	"chatme/internal/seal"
)

// lookout sees every statement and every value on its way to SQLite.
type lookout struct {
	mu     sync.Mutex
	marks  map[string]string // guarded by mu; forbidden value → what it is
	values int               // guarded by mu
	bodies int               // guarded by mu; values as long as a sealed body
	found  []string          // guarded by mu
}

// see checks a statement and the values bound to it.
func (l *lookout) see(statement string, args []driver.NamedValue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := []string{statement}
	for _, a := range args {
		l.values++
		text := fmt.Sprint(a.Value)
		if b, ok := a.Value.([]byte); ok {
			text = string(b)
			if len(b) >= 256+seal.Overhead {
				l.bodies++
			}
		}
		seen = append(seen, text)
	}
	for mark, what := range l.marks {
		for _, text := range seen {
			if strings.Contains(text, mark) {
				l.found = append(l.found, fmt.Sprintf("%s in %.60q", what, strings.Join(strings.Fields(statement), " ")))
			}
		}
	}
}

// watched is SQLite behind a lookout.
type watched struct {
	driver.Driver
	out *lookout
}

func (d *watched) Open(name string) (driver.Conn, error) {
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return &watchedConn{c.(sqliteConn), d.out}, nil
}

// sqliteConn is every interface that database/sql may use to pass a value to a connection.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

type watchedConn struct {
	sqliteConn
	out *lookout
}

func (c *watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.out.see(query, args)
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c *watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.out.see(query, args)
	return c.sqliteConn.QueryContext(ctx, query, args)
}

func (c *watchedConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *watchedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.out.see(query, nil)
	s, err := c.sqliteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &watchedStmt{s.(sqliteStmt), c.out, query}, nil
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type watchedStmt struct {
	sqliteStmt
	out   *lookout
	query string
}

func (s *watchedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.out.see(s.query, args)
	return s.sqliteStmt.ExecContext(ctx, args)
}

func (s *watchedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.out.see(s.query, args)
	return s.sqliteStmt.QueryContext(ctx, args)
}

// TestCanaryBound: no text, image or session ID, whole or as its first half, is ever bound to a statement, or written to
// the file, its WAL or the log, whatever is done with messages.
func TestCanaryBound(t *testing.T) {
	out := &lookout{}
	sql.Register("sqlite-watched", &watched{&sqlite.Driver{}, out})
	p := newPost(t)
	path := p.path
	mustClose(t, p.Store)
	var err error
	if p.Store, err = Open(t.Context(), Config{Path: path, BusyTimeout: quick, driver: "sqlite-watched"}); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	log := logged(p.Store)

	text, image := "canary"+rand.Text(), "data:image/png;base64,"+strings.Repeat(rand.Text(), 100)
	out.marks = map[string]string{
		text: "the text", text[:20]: "half the text", image[30:70]: "some of the image", secretOf(1): "the session ID",
		secretOf(1)[4:]: "the secret of the session ID",
	}
	useEverything(t, p, text, image)
	if out.values < 20 || out.bodies < 4 {
		t.Errorf("%d values seen, %d of them bodies: the lookout sees little", out.values, out.bodies)
	}
	for _, found := range out.found {
		t.Error(found)
	}
	wantNoTrace(t, path, out.marks)
	for mark, what := range out.marks {
		if strings.Contains(log.String(), mark) {
			t.Errorf("%s is in the log", what)
		}
	}

	// The lookout would have seen it.
	for _, args := range [][]any{{text}, {[]byte(image)}, {"x" + secretOf(1) + "x"}} {
		out.found = nil
		p.reader.QueryRow(`SELECT ?`, args...).Scan(new([]byte))
		if len(out.found) == 0 {
			t.Errorf("%.20s… was bound and not seen", args[0])
		}
	}
}

// useEverything exercises the whole store, with these values in messages.
func useEverything(t *testing.T, p *post, text, image string) {
	t.Helper()
	mustBegin(t, p.Store)
	entries := []chat.MailEntry{p.entry(1, text), p.entry(2, ""), p.entry(3, text), p.entry(4, text)}
	entries[1].Image, entries[2].Image, entries[1].At = image, image, t0
	release := holdWriteLock(t, p.path)
	batch := &chat.Batch{Changes: put(away(reader(4), t0-hour)), Entries: entries}
	if err := p.Commit(batch); err == nil {
		t.Error("committed under another program's lock")
	} else if strings.Contains(err.Error(), text) {
		t.Error(err)
	}
	release()
	if err := p.Commit(batch); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(batch); err == nil { // the same messages again: refused, and the error is shown to people
		t.Error("stored twice")
	} else if strings.Contains(err.Error(), text) {
		t.Error(err)
	}
	wantMail(t, p.Store, p.whole(), "1 "+text, "2  "+image, "3 "+text+" "+image, "4 "+text)
	wrong := p.whole()
	wrong.Alias = alias(77)
	wantMail(t, p.Store, wrong, "1", "2", "3", "4") // and a line in the log
	if _, err := p.Load(t.Context()); err != nil {
		t.Error(err)
	}
	if _, _, err := p.Find(t.Context(), p.to.Hash); err != nil {
		t.Error(err)
	}
	if n, _, err := p.Sweep(t0-1, 10); n != 1 || err != nil {
		t.Error(n, err)
	}
	ack := chat.MailAck{To: p.to.ID, Pair: p.to.Pair, UpTo: 2}
	if err := p.Commit(&chat.Batch{MailAcks: []chat.MailAck{ack}}); err != nil {
		t.Error(err)
	}
	if err := p.End("signal", t0+1); err != nil {
		t.Error(err)
	}
}

// wantNoTrace fails if a mark is in the file, its WAL or the witness. Another process reads them: closing a descriptor
// of a database in this one would drop its locks.
func wantNoTrace(t *testing.T, path string, marks map[string]string) {
	t.Helper()
	for mark, what := range marks {
		cmd := exec.CommandContext(t.Context(), "grep", "-rlaF", "-e", mark, filepath.Dir(path))
		cmd.Stderr = os.Stderr
		if where, _ := cmd.Output(); cmd.ProcessState.ExitCode() != 1 { // 1: nothing found
			t.Errorf("%s is in %s", what, where)
		}
	}
}
