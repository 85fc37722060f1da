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
	"chatme/internal/store"
)

const (
	// autoIntegrity is the largest database, in bytes, that integrity_check reads unasked: some ten seconds.
	autoIntegrity = 1 << 30
	// crashWindow and manyCrashes make a loop of starts.
	crashWindow = time.Hour
	someCrashes = 2
	manyCrashes = 5
	// clockSlack is how far in the future a start may be.
	clockSlack = time.Minute
)

// database is whether it is chatme's, whole, and set up as the server needs it.
func (d *doctor) database() {
	if err := store.Sound(d.ctx, d.files.Database); err != nil {
		d.problem("database", err.Error(), "see Troubleshooting in docs/operations.md")
		return
	}
	info, err := os.Stat(d.files.Database)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0:
		d.ok("database", "%s does not exist yet; the first start makes it", d.files.Database)
		return
	case err != nil:
		d.unknown("database", err, asServer)
		return
	case !info.Mode().IsRegular():
		d.problem("database", d.files.Database+" is not a file", "name the database with --db, or the settings file with --config")
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
		d.ok("database", "the next start migrates it to schema %d, after a copy", base.Latest)
	}
	d.pragmas(base)
	d.integrity(info.Size())
	d.boots(base.Boots)
	if len(base.Boots) > 0 {
		d.witness()
	}
}

// restoreRemedy is for a database that was found to be damaged, and for no other.
const restoreRemedy = "stop the server and restore the latest backup: chatme restore --help"

// unexamined is a look at the database that came to nothing. Only what was found can be answered with a remedy that throws
// something away.
func (d *doctor) unexamined(check string, err error) {
	e, _ := errors.AsType[*store.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		d.unchecked(check, "interrupted", "")
	case e != nil && e.Damaged() && d.ours:
		d.problem(check, e.Cause(), restoreRemedy)
	case e != nil && e.Damaged():
		d.problem(check, e.Cause(), "is it the right file? Name the database with --db; if this was chatme's, docs/backup.md has what to do")
	case e != nil && e.Foreign() && d.running():
		d.unknown(check, err, "a server runs on it: ask with the program that this server is run from")
	case e != nil && e.Foreign():
		d.problem(check, e.Error(), "name the right database with --db, or the settings file with --config")
	case errors.Is(err, fs.ErrPermission):
		d.unknown(check, err, asServer)
	default:
		d.unknown(check, err, "look again, "+asServer+"; the log of the server may say more (journalctl -u chatme)")
	}
}

// mostNamed is how many of a list are named.
const mostNamed = 8

// someOf names the first of a list.
func someOf(names []string) string {
	if len(names) > mostNamed {
		return strings.Join(names[:mostNamed], ", ") + fmt.Sprintf(" and %d more", len(names)-mostNamed)
	}
	return strings.Join(names, ", ")
}

// layout is whether what chatme made in the database is there as it made it. It is false if nothing more can be looked at.
func (d *doctor) layout(l store.Layout) bool {
	const remedy = "undo that; if it was not done on purpose: " + restoreRemedy
	if len(l.Missing) > 0 {
		d.problem("tables", someOf(l.Missing)+" is missing", remedy)
	}
	if len(l.Changed) > 0 {
		d.problem("tables", someOf(l.Changed)+" is not as chatme made it", remedy)
	}
	if len(l.Added) > 0 {
		d.ok("tables", "chatme's, and some that others added, which do it no harm: %s", someOf(l.Added))
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
			d.warning("settings of SQLite", "the database is not in WAL mode; the server puts it there as it starts", "start the server; if it refuses, put the database on a local disk")
			continue
		}
		d.problem("settings of SQLite", fmt.Sprintf("PRAGMA %s is %s where %s is needed", p.Name, p.Got, p.Want), "this program was built with another SQLite; install a released one")
	}
	if wrong == 0 {
		d.ok("settings of SQLite", "WAL, and %d further pragmas that the server relies on, read back", len(base.Pragmas)-1)
	}
	if base.SQLiteBug {
		d.problem("SQLite", "this program has SQLite "+base.SQLite+", which can damage a database", "install a newer chatme")
		return
	}
	d.ok("SQLite", "%s, in this program", base.SQLite)
}

func (d *doctor) integrity(size int64) {
	const how = "chatme doctor --integrity full"
	switch {
	case d.cmd.Integrity == "off":
		d.unchecked("integrity", "left out", how)
		return
	case d.cmd.Integrity == "auto" && size > autoIntegrity:
		d.unchecked("integrity", fmt.Sprintf("left out, because the database has %s bytes", cli.Grouped(size)), how+", when it is quiet")
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
		d.warning("integrity", "chatme's tables are whole; what others added is not: "+aside, "ask the person who added it whether that is meant")
	default:
		d.whole = true
		d.ok("integrity", "every page, index and reference is whole (%s)", cli.Elapsed(time.Since(began)))
	}
}

// failedRemedy is for a start that ended before the server served.
const failedRemedy = "the log says why: journalctl -u chatme; what the exit code means is in docs/operations.md"

// boots is whether the server stays up.
func (d *doctor) boots(rows []store.BootRow) {
	if len(rows) == 0 {
		return
	}
	last := rows[0]
	started := last.Started.UTC()
	if started.After(d.now.Add(clockSlack)) {
		d.problem("clock", fmt.Sprintf("it has gone back: the last start was at %s UTC, %s from now", started.Format(time.DateTime), cli.Elapsed(started.Sub(d.now))),
			"set the clock (timedatectl set-ntp true); until it has caught up, nobody's time is up")
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
		d.warning("starts", fmt.Sprintf("%d starts within the last hour failed", failed), failedRemedy)
	}
	const remedy = "the log says why, and the exit code: journalctl -u chatme; a kernel that kills for memory says so in dmesg"
	switch {
	case crashed >= manyCrashes:
		d.problem("starts", fmt.Sprintf("%d starts within the last hour ended without a stop: it crashes again and again", crashed), remedy)
	case crashed >= someCrashes:
		d.warning("starts", fmt.Sprintf("%d starts within the last hour ended without a stop", crashed), remedy)
	case !d.running() && last.Stopped == 0:
		d.warning("starts", fmt.Sprintf("start %d of %s UTC ended without a stop: it was killed, crashed, or the power failed", last.Boot, started.Format(time.DateTime)), remedy)
	case !d.running() && store.IsFailedStart(last.Reason):
		d.warning("starts", fmt.Sprintf("start %d of %s UTC: %s", last.Boot, started.Format(time.DateTime), last.Reason), failedRemedy)
	case !d.running():
		d.ok("starts", "%d so far; the last ended in order (%s)", last.Boot, last.Reason)
	default:
		d.ok("starts", "%d so far; this one is %s old", last.Boot, cli.Elapsed(d.now.Sub(started)))
	}
}

// witness is whether the next start goes on with the chats.
func (d *doctor) witness() {
	switch why, err := store.Doubt(d.ctx, d.files.Database); {
	case err != nil:
		d.unexamined("witness", err)
	case why != "":
		d.warning("witness", "the next start takes the database for one put back from a backup, and ends every chat in it: "+why,
			"right after a restore; if the database was moved with its chats, there is no way back to them")
	default:
		d.ok("witness", "it fits: the next start goes on with the chats")
	}
}

// sqliteShell is whether the shell that people look in with can do harm.
func (d *doctor) sqliteShell() {
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-version").Output()
	if err != nil {
		d.unchecked("sqlite3 shell", fmt.Sprintf("%s does not say its version: %v", path, err), "")
		return
	}
	d.shellVersion(strings.TrimSpace(string(out)))
}

func (d *doctor) shellVersion(text string) {
	version, _, _ := strings.Cut(text, " ")
	if store.HasWALResetBug(version) {
		d.warning("sqlite3 shell", version+" has a bug that can damage a database in WAL mode that it writes to", "only ever use it as sqlite3 -readonly")
		return
	}
	d.ok("sqlite3 shell", "%s", version)
}
