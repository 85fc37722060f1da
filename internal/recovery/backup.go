// Package recovery is the commands that copy a database, put a copy back, and prove that this works.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/store"
)

type BackupCmd struct {
	Target string `arg:"" name:"file" help:"The file to write. One that exists is refused."`
	cli.Place
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (c *BackupCmd) Help() string {
	return `Writes a copy of the database as of one moment, while a server serves it or not; the server is not held up. The
copy is checked, is on disk and has its whole name only then. A killed backup leaves a file with ".part-" in its name,
which may be deleted. A copy holds what the database holds: no text that can be read, but who is in a chat with whom.

A database that was removed or replaced under a running server is refused (65).

A server that runs is asked, through its admin socket, to count on in the database: so the next start notices the copy also
if it is copied over the database by hand. If the server cannot be asked, the output says so.

Example: chatme backup /var/backups/chatme-$(date +%F).db`
}

// backupLine is what --json prints.
type backupLine struct {
	File string `json:"file"`
	From string `json:"from"`
	contents
	Seconds float64 `json:"seconds"`
	Warning string  `json:"warning,omitempty"`
}

// Run writes the copy.
func (c *BackupCmd) Run(p *cli.Program) error {
	cfg, err := p.Locate(c.Place)
	if err != nil {
		return err
	}
	path := cfg.DB
	target, err := filepath.Abs(c.Target)
	if err != nil {
		return fmt.Errorf("find %s: %w", c.Target, err)
	}
	began := time.Now()
	var warning string
	copied, err := store.Backup(p.Ctx, path, target, func() { warning = advance(p.Ctx, cfg) })
	switch {
	case err != nil && p.Ctx.Err() != nil:
		return errors.New("interrupted; no backup was made")
	case err != nil:
		return err
	}
	took := time.Since(began)
	if c.JSON {
		return cli.PrintJSON(p.Stdout, backupLine{File: target, From: path, contents: contentsFor(copied), Seconds: took.Seconds(), Warning: warning})
	}
	lines := []string{"backup", target, "of", path}
	lines = append(lines, contentsFacts(copied, time.Now())...)
	lines = append(lines, "took", cli.Elapsed(took))
	if warning != "" {
		lines = append(lines, "warning", warning)
	}
	return cli.Facts(p.Stdout, lines...)
}

// advanceTimeout is more than a server waits for another program's write lock.
const advanceTimeout = 10 * time.Second

// advance has the server that serves the database count on, and returns what to warn of if there is one that did not.
func advance(ctx context.Context, cfg *config.Config) (warning string) {
	ctx, cancel := context.WithTimeout(ctx, advanceTimeout)
	defer cancel()
	err := errors.New("CHATME_ADMIN is off")
	if socket := cfg.AdminSocket(); socket != "" {
		err = admin.NewClient(socket).Post(ctx, "/advance", nil)
	}
	if err == nil {
		return ""
	}
	if pid, unknown := store.Holder(cfg.DB); pid == 0 && unknown == nil {
		return "" // the next start is another one than that of the copy
	}
	return fmt.Sprintf("the server was not told of this copy (%v): put it back with chatme restore, for a copy by hand may not be noticed", err)
}
