package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"chatme/internal/cli"
	"chatme/internal/dbfile"
	"chatme/internal/store"
)

const (
	// autoIntegrity is the largest database, in bytes, that --integrity auto checks: about ten seconds.
	autoIntegrity = 1 << 30
	// manyCrashes within crashWindow are a crash loop.
	crashWindow = time.Hour
	someCrashes = 2
	manyCrashes = 5
	// clockSlack is how far in the future a start may be.
	clockSlack = time.Minute
)

// database checks that the database is chatme's, intact, and set up as the server needs it.
func (d *doctor) database() {
	if err := store.Sound(d.ctx, d.files.Database); err != nil {
		d.problem("database", err.Error(), "see Troubleshooting in docs/operations.md")
		return
	}
	info, err := os.Stat(d.files.Database)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0:
		d.ok("database", "%s does not exist yet; the first start creates it", d.files.Database)
		return
	case err != nil:
		d.unknown("database", err, asServer)
		return
	case !info.Mode().IsRegular():
		d.problem("database", d.files.Database+" is not a regular file", "name the database with --db, or the settings file with --config")
		return
	}
	d.ours = isOurs(d.files.Database)
	base, err := store.Examine(d.ctx, d.files.Database)
	if err != nil {
		d.unexamined("database", err)
		return
	}
	d.base, d.ours = &base, d.ours || base.Schema > 0
	d.ok("database", "schema %d, %s bytes", base.Schema, cli.Grouped(info.Size()))
	if !d.layout(base.Layout) {
		return
	}
	if base.Schema < base.Latest {
		d.ok("database", "the next start copies it, then migrates it to schema %d", base.Latest)
	}
	d.pragmas(base)
	d.integrity(info.Size())
	d.boots(base.Boots)
	if len(base.Boots) > 0 {
		d.witness()
	}
}

// restoreRemedy is only for a database that was found to be damaged.
const restoreRemedy = "stop the server and restore the latest backup: chatme restore --help"

// unexamined reports that the database could not be examined. Only damage that was found gets a remedy that discards data.
func (d *doctor) unexamined(check string, err error) {
	e, _ := errors.AsType[*dbfile.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		d.unchecked(check, "interrupted", "")
	case e != nil && e.Damaged && d.ours:
		d.problem(check, e.Cause(), restoreRemedy)
	case e != nil && e.Damaged:
		d.problem(check, e.Cause(), "check that this is the right file (--db); if it was a chatme database, see docs/backup.md")
	case e != nil && e.Foreign && d.running():
		d.unknown(check, err, "a server is using it: run doctor from that server's binary")
	case e != nil && e.Foreign:
		d.problem(check, e.Error(), "name the right database with --db, or the settings file with --config")
	case errors.Is(err, fs.ErrPermission):
		d.unknown(check, err, asServer)
	default:
		d.unknown(check, err, "try again; "+asServer+"; the server's log may say more (journalctl -u chatme)")
	}
}

// mostNamed is how many names of a list are printed.
const mostNamed = 8

// someOf joins the first names of a list.
func someOf(names []string) string {
	if len(names) > mostNamed {
		return strings.Join(names[:mostNamed], ", ") + fmt.Sprintf(" and %d more", len(names)-mostNamed)
	}
	return strings.Join(names, ", ")
}

// layout checks that the schema is as chatme created it. It returns false if nothing more can be examined.
func (d *doctor) layout(l store.Layout) bool {
	const remedy = "undo the change; if it was not deliberate, " + restoreRemedy
	if len(l.Missing) > 0 {
		d.problem("tables", "missing: "+someOf(l.Missing), remedy)
	}
	if len(l.Changed) > 0 {
		d.problem("tables", "changed since chatme created it: "+someOf(l.Changed), remedy)
	}
	if len(l.Added) > 0 {
		d.ok("tables", "chatme's, and others that do no harm: %s", someOf(l.Added))
	}
	return len(l.Missing) == 0
}

func (d *doctor) pragmas(base store.Examination) {
	wrong := 0
	for _, p := range base.Pragmas {
		if p.Got == p.Want {
			continue
		}
		wrong++
		if p.Name == "journal_mode" {
			d.warning("settings of SQLite", "the database is not in WAL mode; the server changes that when it starts", "start the server; if it refuses, put the database on a local disk")
			continue
		}
		d.problem("settings of SQLite", fmt.Sprintf("PRAGMA %s is %s, must be %s", p.Name, p.Got, p.Want), "this binary was built with another SQLite; install a released one")
	}
	if wrong == 0 {
		d.ok("settings of SQLite", "WAL mode, and %d other pragmas that the server relies on, verified", len(base.Pragmas)-1)
	}
	if base.SQLiteBug {
		d.problem("SQLite", "this binary contains SQLite "+base.SQLite+", which can damage a database", "install a newer chatme")
		return
	}
	d.ok("SQLite", "%s, in this binary", base.SQLite)
}

func (d *doctor) integrity(size int64) {
	const how = "chatme doctor --integrity full"
	switch {
	case d.cmd.Integrity == "off":
		d.unchecked("integrity", "skipped", how)
		return
	case d.cmd.Integrity == "auto" && size > autoIntegrity:
		d.unchecked("integrity", fmt.Sprintf("skipped: the database has %s bytes", cli.Grouped(size)), how+", at a quiet time")
		return
	}
	began := time.Now()
	switch aside, err := store.CheckIntegrity(d.ctx, d.files.Database); {
	case errors.Is(err, context.Canceled):
		d.unchecked("integrity", "interrupted", how)
	case err != nil:
		d.unexamined("integrity", err)
	case aside != "":
		d.whole = true
		d.warning("integrity", "chatme's tables are intact; an object that was added is not: "+aside, "check whether that is intended")
	default:
		d.whole = true
		d.ok("integrity", "every page, index and reference is intact (%s)", cli.Elapsed(time.Since(began)))
	}
}

// failedRemedy is for a start that failed before the server was serving.
const failedRemedy = "see the log (journalctl -u chatme); docs/operations.md explains the exit code"

// boots checks that the server stays up.
func (d *doctor) boots(rows []store.BootRow) {
	if len(rows) == 0 {
		return
	}
	last := rows[0]
	started := last.Started.UTC()
	if started.After(d.now.Add(clockSlack)) {
		d.problem("clock", fmt.Sprintf("it went back: the last start was at %s UTC, %s from now", started.Format(time.DateTime), cli.Elapsed(started.Sub(d.now))),
			"set the clock (timedatectl set-ntp true); no session expires until it has caught up")
	}
	crashed, failed := 0, 0
	for i, row := range rows {
		running := i == 0 && d.running()
		switch {
		case d.now.Sub(row.Started.UTC()) >= crashWindow:
		case row.Stopped == 0 && !running:
			crashed++
		case store.IsFailedStart(row.Reason):
			failed++
		}
	}
	if failed >= someCrashes {
		d.warning("starts", fmt.Sprintf("%d starts failed in the last hour", failed), failedRemedy)
	}
	const remedy = "see the log for the reason and the exit code (journalctl -u chatme); dmesg shows whether the kernel ran out of memory"
	switch {
	case crashed >= manyCrashes:
		d.problem("starts", fmt.Sprintf("%d starts in the last hour ended without a shutdown: the server keeps crashing", crashed), remedy)
	case crashed >= someCrashes:
		d.warning("starts", fmt.Sprintf("%d starts in the last hour ended without a shutdown", crashed), remedy)
	case !d.running() && last.Stopped == 0:
		d.warning("starts", fmt.Sprintf("start %d at %s UTC ended without a shutdown: the server was killed or crashed, or the power failed", last.Boot, started.Format(time.DateTime)), remedy)
	case !d.running() && store.IsFailedStart(last.Reason):
		d.warning("starts", fmt.Sprintf("start %d at %s UTC: %s", last.Boot, started.Format(time.DateTime), last.Reason), failedRemedy)
	case !d.running():
		d.ok("starts", "%d so far; the last one shut down cleanly (%s)", last.Boot, last.Reason)
	default:
		d.ok("starts", "%d so far; the current one is %s old", last.Boot, cli.Elapsed(d.now.Sub(started)))
	}
}

// witness checks whether the next start continues the chats.
func (d *doctor) witness() {
	switch why, err := store.Doubt(d.ctx, d.files.Database); {
	case err != nil:
		d.unexamined("witness", err)
	case why != "":
		d.warning("witness", "the next start will treat the database as restored from a backup, and end every chat in it: "+why,
			"expected right after a restore; if the database was moved with its chats, they cannot be recovered")
	default:
		d.ok("witness", "it matches: the next start continues the chats")
	}
}

// sqliteShell checks that the installed sqlite3 shell can do no harm.
func (d *doctor) sqliteShell() {
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-version").Output()
	if err != nil {
		d.unchecked("sqlite3 shell", fmt.Sprintf("cannot get the version of %s: %v", path, err), "")
		return
	}
	d.shellVersion(strings.TrimSpace(string(out)))
}

func (d *doctor) shellVersion(text string) {
	version, _, _ := strings.Cut(text, " ")
	if store.HasWALResetBug(version) {
		d.warning("sqlite3 shell", version+" has a bug that can damage a WAL-mode database that it writes to", "use it only as sqlite3 -readonly")
		return
	}
	d.ok("sqlite3 shell", "%s", version)
}
