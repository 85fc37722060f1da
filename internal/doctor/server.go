package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"chatme/internal/admin"
	"chatme/internal/buildinfo"
	"chatme/internal/dbfile"
	"chatme/internal/store"
)

// asServer is the remedy for what only the server's user can read.
const asServer = "run this as root or as the server's user"

// locate finds the database's files. Without them little can be checked.
func (d *doctor) locate() bool {
	if !d.known("CHATME_DB") && !d.databaseHere() {
		d.unsettled("database")
		return false
	}
	files, err := store.FilesOf(d.cfg.DB)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unknown("database", err, asServer)
		return false
	case errors.Is(err, fs.ErrNotExist):
		d.problem("database", causeOf(err), "name the database with --db, or the settings file with --config")
		return false
	case err != nil:
		d.unknown("database", err, "name the database with --db, or the settings file with --config")
		return false
	}
	d.files = files
	return true
}

// unlocated reports that checks need the database.
func (d *doctor) unlocated(checks ...string) {
	if !d.known("CHATME_DB") {
		d.unsettled(checks...)
		return
	}
	for _, check := range checks {
		d.unchecked(check, "it needs the database's directory", "")
	}
}

// databaseHere reports whether a chatme database is at the default path.
func (d *doctor) databaseHere() bool {
	if d.unread != nothingFound {
		return false
	}
	if base, err := store.Examine(d.ctx, d.cfg.DB); err != nil || base.Schema == 0 {
		return false
	}
	d.firm["CHATME_DB"], d.firm["CHATME_ADMIN"] = true, true
	return true
}

// isOurs reports whether the file at path has the header of a chatme database. After a first start the header is still in
// the WAL.
// https://sqlite.org/fileformat2.html#the_database_header
func isOurs(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	header := make([]byte, 72)
	if _, err := f.ReadAt(header, 0); err != nil {
		return false
	}
	return string(header[:16]) == "SQLite format 3\x00" && string(header[68:72]) == "CHME"
}

// findServer looks for the server that uses the database, and asks it about itself.
func (d *doctor) findServer() {
	pid, err := dbfile.Holder(d.files.Database)
	if pid != 0 {
		d.server = processOf(pid)
	}
	d.ask()
	switch {
	case pid != 0:
		d.ok("server", "process %d is running on %s", pid, d.files.Database)
	case d.running():
		d.ok("server", "one answers on %s; its process is not visible here (perhaps it runs in a container)", d.cfg.AdminSocket())
	case errors.Is(err, fs.ErrPermission):
		d.unknown("server", err, asServer)
	case err != nil:
		d.unchecked("server", "cannot tell whether one is running: "+err.Error(), "run this on Linux, with /proc")
	default:
		d.ok("server", "none is running on %s", d.files.Database)
	}
	if pid != 0 && d.server.uid == 0 && !d.server.nobody {
		d.warning("server", "it runs as root, which it does not need", "run it as its own user, as deploy/chatme.service does")
	}
	if d.about != nil && d.about.Version != buildinfo.Version {
		d.warning("server", fmt.Sprintf("it is version %s, and this binary is %s", orUnknown(d.about.Version), orUnknown(buildinfo.Version)),
			"after an upgrade, restart the server; otherwise run doctor from the server's own binary")
	}
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return version
}

// ask asks the server about itself. adminSocket reports what prevents that.
func (d *doctor) ask() {
	path := d.cfg.AdminSocket()
	if path == "" || !d.known("CHATME_ADMIN") {
		return
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	d.about, d.asked = admin.NewClient(path).About(ctx)
}

// older reports whether the server answers but is of a version that does not describe itself.
func (d *doctor) older() bool {
	_, older := errors.AsType[*admin.UnknownPathError](d.asked)
	return older
}

func (d *doctor) running() bool { return d.server.pid != 0 || d.about != nil || d.older() }

// causeOf returns err without the store's advice, which is for a server that is starting.
func causeOf(err error) string {
	if e, ok := errors.AsType[*dbfile.Error](err); ok {
		return e.Cause()
	}
	return err.Error()
}

// holdsOnly reports whether the directory holds only the database and its files.
func (d *doctor) holdsOnly(dir string) bool {
	base := filepath.Base(d.files.Database)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		name := e.Name()
		if len(name) > 0 && name[0] == '.' {
			name = name[1:]
		}
		rest, ok := cutName(name, base)
		if !ok || rest != "" && rest[0] != '.' && rest[0] != '-' {
			return false
		}
	}
	return true
}

func cutName(name, base string) (rest string, ok bool) {
	if len(name) < len(base) || name[:len(base)] != base {
		return "", false
	}
	return name[len(base):], true
}
