// Package recovery holds the commands that back up a database, restore it, and prove that a restore works.
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
	"chatme/internal/dbfile"
	"chatme/internal/store"
)

type BackupCmd struct {
	Target string `arg:"" name:"file" help:"The file to write. It must not exist."`
	cli.Place
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (c *BackupCmd) Help() string {
	return `Writes a consistent copy of the database, with or without a running server; the server is not slowed down. The copy gets
its final name only after it is checked and synced to disk. A killed backup leaves a file with ".part-" in its name, which
you may delete. A copy holds what the database holds: no readable text, but which sessions are in a chat together.

If the database was removed or replaced under a running server, the exit code is 65.

A running server is asked, through its admin socket, to advance the database's counter, so that the next start detects
this copy even if it was copied over the database by hand. If the server cannot be asked, the output says so.

Example: chatme backup /var/backups/chatme-$(date +%F).db`
}

// backupLine is the output of --json.
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

// advanceTimeout is longer than a server waits for another program's write lock.
const advanceTimeout = 10 * time.Second

// advance makes the server of the database advance its counter. It returns a warning if a running server did not.
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
	if pid, unknown := dbfile.Holder(cfg.DB); pid == 0 && unknown == nil {
		return "" // the next run differs from that of the copy
	}
	return fmt.Sprintf("the server could not advance its counter (%v); restore this copy with chatme restore, because a copy by hand may not be detected", err)
}
