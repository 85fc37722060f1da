package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"chatme/internal/store"
)

type backupCmd struct {
	Target string `arg:"" name:"file" help:"The file to write. One that exists is refused."`
	databaseFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help is the text behind the flags.
func (c *backupCmd) Help() string {
	return `Writes a copy of the database as of one moment, while a server serves it or not; the server is not held up. The
copy is checked, is on disk and has its whole name only then. A killed backup leaves a file with ".part-" in its name,
which may be deleted. A copy holds what the database holds: no text that can be read, but who is in a chat with whom.

Example: chatme backup /var/backups/chatme-$(date +%F).db`
}

// backupLine is what --json prints.
type backupLine struct {
	File string `json:"file"`
	From string `json:"from"`
	contents
	Seconds float64 `json:"seconds"`
}

// Run writes the copy.
func (c *backupCmd) Run(p *program) error {
	path, err := p.database(c.databaseFlags)
	if err != nil {
		return err
	}
	target, err := filepath.Abs(c.Target)
	if err != nil {
		return fmt.Errorf("find %s: %w", c.Target, err)
	}
	began := time.Now()
	copied, err := store.Backup(p.ctx, path, target)
	switch {
	case err != nil && p.ctx.Err() != nil:
		return errors.New("interrupted; no backup was made")
	case err != nil:
		return err
	}
	took := time.Since(began)
	if c.JSON {
		return printLine(p.stdout, backupLine{File: target, From: path, contents: contentsFor(copied), Seconds: took.Seconds()})
	}
	lines := []string{"backup", target, "of", path}
	lines = append(lines, contentsFacts(copied, time.Now())...)
	return facts(p.stdout, append(lines, "took", elapsed(took))...)
}

// printLine prints v as one JSON object on one line.
func printLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}
