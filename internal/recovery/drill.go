package recovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"chatme/internal/app"
	"chatme/internal/chat"
	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/exit"
	"chatme/internal/spawn"
	"chatme/internal/store"
)

type DrillCmd struct {
	Source  string        `arg:"" help:"What restore takes: a backup file; or, for Litestream, a replica's directory or URL, or a configuration file ending in .yml that names the database."`
	MaxLost time.Duration `name:"max-lost" default:"0" help:"Fail if more than this would be lost; 0: no limit (duration)."`
	cli.DatabaseFlags
	LitestreamFlags
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (c *DrillCmd) Help() string {
	return `Restores the source to a scratch directory ($TMPDIR, or else next to the live database), checks every page, reference and
law in it, starts a server on it on loopback, lets two new clients chat, kills that server, restarts it and lets both
resume. Then everything that was in the copy must still be there. The scratch directory is removed, even if the drill
fails or is interrupted.

The drill also reports what a restore would lose: the time from the copy's newest change to that of the live database,
--db, which is only read; without a live database, to now.

Run it from cron or a systemd timer: the exit code is 0 if the drill passed, and 1 if not.

Example: chatme drill --max-lost 1m /etc/litestream.yml`
}

// Validate returns what is wrong with the flags.
func (c *DrillCmd) Validate() error {
	if c.MaxLost < 0 {
		return errors.New("--max-lost: must not be negative")
	}
	return nil
}

// drillStep is a completed part of a drill.
type drillStep struct {
	Step    string  `json:"step"`
	Result  string  `json:"result"`
	Seconds float64 `json:"seconds"`
}

// DrillLine is the output of --json.
type DrillLine struct {
	Source string      `json:"source"`
	Passed bool        `json:"passed"`
	Error  string      `json:"error,omitempty"`
	Steps  []drillStep `json:"steps"`
	contents
	Lost    float64 `json:"lost_seconds"` // -1 if the copy could not be restored
	Against string  `json:"lost_against"` // the live database, or now
	Seconds float64 `json:"seconds"`
}

// drill is one run.
type drill struct {
	cmd      *DrillCmd
	p        *cli.Program
	live     string // the production database, which may not exist here
	server   *spawn.Server
	copied   store.Restored
	restored bool          // copied is valid
	lost     time.Duration // up to the newest change in live; up to now if that cannot be read
	unread   error         // why live cannot be read
	steps    []drillStep
	pair     drillPair
}

// Run drills and prints the result.
func (c *DrillCmd) Run(p *cli.Program) error {
	live, err := p.Database(c.DatabaseFlags)
	if err != nil {
		return err
	}
	// An error before the drill begins is an invalid configuration; any later error is a failed drill.
	if _, err := c.Replica(c.Source, live, p.Environ); err != nil {
		return err
	}
	binary, _, err := spawn.OwnBinary()
	if err != nil {
		return err
	}
	dir, err := drillDir(live, c.Source)
	if err != nil {
		return err
	}
	began := time.Now()
	d := &drill{cmd: c, p: p, live: live}
	if d.server, err = spawn.New(binary, dir, "drill", drillFlags()...); err != nil {
		return err
	}
	err = d.run(p.Ctx)
	d.server.Remove(false, io.Discard)
	if p.Ctx.Err() != nil {
		return errors.New("the drill was interrupted; its files were removed")
	}
	return errors.Join(d.print(p.Stdout, err, time.Since(began)), exit.WithCode(exit.Failure, err))
}

// drillFlags returns the settings of the drill's servers: nothing in the copy expires, and only the drill's clients are
// let in.
func drillFlags() []string {
	return []string{"--session-ttl", "87600h", "--web", "off", "--admin", "off"}
}

// run takes the steps in order until one fails.
func (d *drill) run(ctx context.Context) error {
	for _, s := range []struct {
		name string
		take func(context.Context) (string, error)
	}{
		{"restore", d.restore}, {"check", d.check}, {"start", d.start}, {"chat", d.chat},
		{"kill", d.kill}, {"resume", d.resume}, {"compare", d.compare},
	} {
		began := time.Now()
		result, err := s.take(ctx)
		if err != nil {
			result = "failed"
		}
		d.steps = append(d.steps, drillStep{s.name, result, time.Since(began).Seconds()})
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if d.cmd.MaxLost > 0 && d.lost > d.cmd.MaxLost {
		return fmt.Errorf("%s would be lost, more than --max-lost %s; are copies still made?", cli.Elapsed(d.lost), d.cmd.MaxLost)
	}
	return nil
}

// restore puts the copy into the scratch directory and finds how old it is.
func (d *drill) restore(ctx context.Context) (string, error) {
	upTo := time.Now()
	live, unread := store.Look(ctx, d.live)
	if unread == nil {
		upTo = live.Newest.UTC()
	}
	copied, err := restore(ctx, d.p.Environ, d.server.Database(), d.cmd.Source, d.live, d.cmd.LitestreamFlags, false)
	if err != nil {
		return "", err
	}
	d.copied, d.restored, d.unread = copied, true, unread
	d.lost = max(upTo.Sub(copied.Newest.UTC()), 0)
	return cli.Grouped(copied.Bytes) + " bytes, read from end to end", nil
}

// check verifies what the copy's schema cannot enforce, as the server will find it.
func (d *drill) check(ctx context.Context) (string, error) {
	db, err := store.Open(ctx, store.Config{Path: d.server.Database()})
	if err != nil {
		return "", err
	}
	defer db.Close()
	if err := db.Laws(ctx); err != nil {
		return "", err
	}
	saved, err := db.Load(ctx)
	if err != nil {
		return "", err
	}
	now := chat.Time(time.Now().UnixMilli())
	for i := range saved.Records { // as at startup
		if r := &saved.Records[i]; r.AwaySince == 0 {
			r.AwaySince = now
		}
	}
	lobby := chat.New(app.LobbyConfig(config.Default(), store.Started{Boot: uint64(d.copied.Boots) + 1, Epoch: d.copied.Epoch, Since: 1}))
	if err := lobby.Load(chat.At(now), saved); err != nil {
		return "", err
	}
	if err := lobby.Check(); err != nil {
		return "", err
	}
	return "every page, reference and law", db.Close()
}

// print prints the report: a table, and what would be lost.
func (d *drill) print(w io.Writer, failed error, took time.Duration) error {
	if d.cmd.JSON {
		return cli.PrintJSON(w, d.line(failed, took))
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STEP\tTIME\tRESULT")
	for _, s := range d.steps {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Step, cli.Elapsed(time.Duration(s.Seconds*float64(time.Second))), s.Result)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	lines := []string{"source", withoutSecret(d.cmd.Source)}
	if d.restored {
		lines = append(lines, contentsFacts(d.copied.Contents, time.Now())...)
		upTo := "the newest change in " + d.live
		if d.unread != nil {
			upTo = fmt.Sprintf("now (%v)", d.unread)
		}
		lines = append(lines, "would be lost", fmt.Sprintf("%s, up to %s", cli.Elapsed(d.lost), upTo))
	}
	verdict := "passed"
	if failed != nil {
		verdict = "failed"
	}
	return cli.Facts(w, append(lines, "took", cli.Elapsed(took), "drill", verdict)...)
}

func (d *drill) line(failed error, took time.Duration) DrillLine {
	l := DrillLine{
		Source: withoutSecret(d.cmd.Source), Passed: failed == nil, Steps: d.steps, Lost: -1, Against: "now", Seconds: took.Seconds(),
	}
	if failed != nil {
		l.Error = failed.Error()
	}
	if d.restored {
		l.contents, l.Lost = contentsFor(d.copied.Contents), d.lost.Seconds()
		if d.unread == nil {
			l.Against = d.live
		}
	}
	return l
}
