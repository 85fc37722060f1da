package operator

import (
	"fmt"
	"time"

	"chatme/internal/chat"
	"chatme/internal/cli"
	"chatme/internal/dbfile"
	"chatme/internal/store"
)

// RunsCmd lists the runs of a server on a database.
type RunsCmd struct {
	cli.DatabaseFlags
	Limit int  `name:"limit" short:"n" default:"20" help:"List at most this many; 0: all."`
	JSON  bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (RunsCmd) Help() string {
	return `Lists the server runs on the database, newest first: version, start, stop and exit reason. A run that did not record its
end was killed, crashed or lost power; a run that ended before it served is a failed start. A new epoch means that the
database was restored from a backup. This works without a running server too, and changes nothing.

Example: chatme runs --db /var/lib/chatme/chatme.db`
}

// RunLine is one run, for programs.
type RunLine struct {
	Boot    uint64  `json:"boot"`
	Version string  `json:"version"`
	Commit  string  `json:"commit"`
	Started string  `json:"started"` // RFC 3339, UTC
	Stopped *string `json:"stopped"` // null: it was killed, or is running
	Ended   string  `json:"ended"`   // running, killed, or the reason; "failed start (exit code N)" never served
	Schema  int64   `json:"schema"`
	Epoch   string  `json:"epoch"`
}

// Run prints the list.
func (c *RunsCmd) Run(p *cli.Program) error {
	path, err := p.Database(c.DatabaseFlags)
	if err != nil {
		return err
	}
	limit := c.Limit
	if limit <= 0 {
		limit = -1 // of SQLite: all
	}
	all, total, err := store.Runs(p.Ctx, path, limit)
	if err != nil {
		return err
	}
	holder, err := dbfile.Holder(path)
	if err != nil {
		return err
	}
	lines := make([]RunLine, len(all))
	for i, d := range all {
		lines[i] = RunLine{
			Boot: d.Boot, Version: d.Version, Commit: d.Commit, Started: iso(d.Started), Ended: outcome(&d, holder != 0), Schema: d.Schema, Epoch: d.Epoch,
		}
		if d.Stopped != 0 {
			stopped := iso(d.Stopped)
			lines[i].Stopped = &stopped
		}
	}
	if c.JSON {
		return cli.PrintJSON(p.Stdout, struct {
			Deployments []RunLine `json:"deployments"`
			Total       int64     `json:"total"`
		}{lines, total})
	}
	if len(lines) == 0 {
		fmt.Fprintln(p.Stdout, "no runs yet")
		return nil
	}
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, []string{
			fmt.Sprint(l.Boot), l.Version, fmt.Sprintf("%.12s", l.Commit), l.Started, orNothing(l.Stopped), l.Ended, fmt.Sprint(l.Schema), fmt.Sprintf("%.8s", l.Epoch),
		})
	}
	return p.Table([]string{"START", "VERSION", "COMMIT", "STARTED", "STOPPED", "ENDED", "SCHEMA", "EPOCH"}, rows, cli.More(len(lines), total))
}

// outcome describes how a run ended; running reports whether a server has the database.
func outcome(d *store.Run, running bool) string {
	switch {
	case d.Stopped != 0:
		return d.Reason
	case d.Last && running:
		return "running"
	}
	return "killed"
}

// iso formats t as the views do.
func iso(t chat.Time) string { return t.UTC().Format(time.RFC3339) }
