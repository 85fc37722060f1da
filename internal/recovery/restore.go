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
	Source  string `arg:"" help:"A backup file; or, for Litestream, a replica's directory or URL, or a configuration file ending in .yml that names the database."`
	Replace bool   `help:"Rename an existing database to <database>.replaced-<time>. Without this flag an existing database is an error."`
	cli.DatabaseFlags
	LitestreamFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (c *RestoreCmd) Help() string {
	return `Stop chatme and Litestream first: nothing else may have the database open. Checks the whole source, which may have an
older schema, and puts a copy of it in place of the database.

The next start begins a new epoch: every chat in the copy ends, the queue keeps its order, and messages held for
disconnected clients are delivered to the clients that still know of them. Clients whose sessions are not in the copy
start over.

Example: chatme restore --replace /var/backups/chatme-2026-03-01.db`
}

// restoreLine is the output of --json.
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
		return errors.New("interrupted; the database is unchanged")
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
		lines = append(lines, "previous, now", done.Aside)
	}
	lines = append(lines, contentsFacts(done.Contents, time.Now())...)
	return cli.Facts(p.Stdout, append(lines,
		"took", cli.Elapsed(took),
		"next", "start the server: it begins a new epoch, and every chat in the copy ends")...)
}

// restore puts source in place of the database at path. name is the database's name in a Litestream configuration.
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
