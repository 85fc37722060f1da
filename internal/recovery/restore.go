package recovery

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"chatme/internal/cli"
	"chatme/internal/store"
)

type RestoreCmd struct {
	Source  string `arg:"" help:"A backup file; or for Litestream a replica's directory or URL, or a configuration that ends in .yml and names the database."`
	Replace bool   `help:"Put a database that is there aside, as <database>.replaced-<time>. Without this it is refused."`
	cli.DatabaseFlags
	LitestreamFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (c *RestoreCmd) Help() string {
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
func (c *RestoreCmd) Run(p *cli.Program) error {
	path, err := p.Database(c.DatabaseFlags)
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := restore(p.Ctx, p.Environ, path, c.Source, path, c.LitestreamFlags, c.Replace)
	switch {
	case err != nil && p.Ctx.Err() != nil:
		return errors.New("interrupted; the database is as it was")
	case err != nil:
		return err
	}
	took := time.Since(began)
	if c.JSON {
		return cli.PrintJSON(p.Stdout, restoreLine{
			Database: done.Path, From: c.Source, Aside: done.Aside, contents: contentsFor(done.Contents), Seconds: took.Seconds(),
		})
	}
	lines := []string{"restored", done.Path, "from", c.Source}
	if done.Aside != "" {
		lines = append(lines, "was there, now", done.Aside)
	}
	lines = append(lines, contentsFacts(done.Contents, time.Now())...)
	return cli.Facts(p.Stdout, append(lines,
		"took", cli.Elapsed(took),
		"next", "start the server: it begins a new epoch, in which every chat of the copy is over")...)
}

// restore puts source in the place of the database at path. name is the database's in a configuration of Litestream.
func restore(ctx context.Context, environ []string, path, source, name string, flags LitestreamFlags, replace bool) (store.Restored, error) {
	r := store.RestoreConfig{Path: path, Source: source, Replace: replace}
	replica, err := flags.Replica(source, name, environ)
	switch {
	case err != nil:
		return store.Restored{}, err
	case replica != nil:
		r.Fetch = replica.Restore
	default:
		if r.Source, err = filepath.Abs(source); err != nil {
			return store.Restored{}, err
		}
	}
	return store.Restore(ctx, r)
}
