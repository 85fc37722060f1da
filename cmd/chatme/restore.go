package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"chatme/internal/store"
)

type restoreCmd struct {
	Source  string `arg:"" help:"A backup file; or for Litestream a replica's directory or URL, or a configuration that ends in .yml and names the database."`
	Replace bool   `help:"Put a database that is there aside, as <database>.replaced-<time>. Without this it is refused."`
	databaseFlags
	litestreamFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help is the text behind the flags.
func (c *restoreCmd) Help() string {
	return `Checks the source from end to end, an older schema included, and puts a copy of it in the place of the database. No
server may run there, and nothing else may have the database open: stop chatme and Litestream first.

The next start begins a new epoch: every chat in the copy is over, the queue keeps its order, and what was held for
people who were away is delivered to those who still know of it. Clients of sessions that are not in the copy begin
anew.

Example: chatme restore --replace /var/backups/chatme-2026-03-01.db`
}

// restoreLine is what --json prints.
type restoreLine struct {
	Database string `json:"database"`
	From     string `json:"from"`
	Aside    string `json:"aside"` // "" if there was no database
	contents
	Seconds float64 `json:"seconds"`
}

// Run puts the copy in place.
func (c *restoreCmd) Run(p *program) error {
	path, err := p.database(c.databaseFlags)
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := restore(p.ctx, p.environ, path, c.Source, path, c.litestreamFlags, c.Replace)
	switch {
	case err != nil && p.ctx.Err() != nil:
		return errors.New("interrupted; the database is as it was")
	case err != nil:
		return err
	}
	took := time.Since(began)
	if c.JSON {
		return printLine(p.stdout, restoreLine{
			Database: done.Path, From: c.Source, Aside: done.Aside, contents: contentsFor(done.Contents), Seconds: took.Seconds(),
		})
	}
	lines := []string{"restored", done.Path, "from", c.Source}
	if done.Aside != "" {
		lines = append(lines, "was there, now", done.Aside)
	}
	lines = append(lines, contentsFacts(done.Contents, time.Now())...)
	return facts(p.stdout, append(lines,
		"took", elapsed(took),
		"next", "start the server: it begins a new epoch, in which every chat of the copy is over")...)
}

// restore puts source in the place of the database at path. name is the database's in a configuration of Litestream.
func restore(ctx context.Context, environ []string, path, source, name string, flags litestreamFlags, replace bool) (store.Restored, error) {
	r := store.RestoreConfig{Path: path, Source: source, Replace: replace}
	replica, err := flags.replica(source, name, environ)
	switch {
	case err != nil:
		return store.Restored{}, err
	case replica != nil:
		r.Fetch = replica.restore
	default:
		if r.Source, err = filepath.Abs(source); err != nil {
			return store.Restored{}, err
		}
	}
	return store.Restore(ctx, r)
}
