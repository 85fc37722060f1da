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
	"chatme/internal/store"
)

// asServer is how to see what only the server's user may see.
const asServer = "run this as root or as the server's user"

// locate names the files of the database. Without them little can be looked at.
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

// unlocated says of checks that they need the database.
func (d *doctor) unlocated(checks ...string) {
	if !d.known("CHATME_DB") {
		d.unsettled(checks...)
		return
	}
	for _, check := range checks {
		d.unchecked(check, "without the database's directory it cannot be looked at", "")
	}
}

// databaseHere reports whether a chatme database lies where a server without any settings has it.
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

// isOurs reports whether the file at path has the header of a chatme database. After a first start it is still in the WAL.
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

// findServer looks for the server that has the database, and asks it what it is.
func (d *doctor) findServer() {
	pid, err := store.Holder(d.files.Database)
	if pid != 0 {
		d.server = processOf(pid)
	}
	d.ask()
	switch {
	case pid != 0:
		d.ok("server", "process %d runs on %s", pid, d.files.Database)
	case d.running():
		d.ok("server", "one answers on %s; its process is not visible here: does it run in a container?", d.cfg.AdminSocket())
	case errors.Is(err, fs.ErrPermission):
		d.unknown("server", err, asServer)
	case err != nil:
		d.unchecked("server", "whether one is running cannot be told: "+err.Error(), "run this on Linux, with /proc")
	default:
		d.ok("server", "none is running on %s", d.files.Database)
	}
	if pid != 0 && d.server.uid == 0 && !d.server.nobody {
		d.warning("server", "it runs as root, and needs nothing of that", "run it as a user of its own, as deploy/chatme.service does")
	}
	if d.about != nil && d.about.Version != buildinfo.Version {
		d.warning("server", fmt.Sprintf("it is version %s, and this program %s", orUnknown(d.about.Version), orUnknown(buildinfo.Version)),
			"after an upgrade: restart the server; otherwise run its own program for this")
	}
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return version
}

// ask has the server say what it is. Whatever keeps it from that is told by adminSocket.
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

// older reports that the server answers, and is of a version that does not say what it is.
func (d *doctor) older() bool {
	_, older := errors.AsType[*admin.UnknownPathError](d.asked)
	return older
}

func (d *doctor) running() bool { return d.server.pid != 0 || d.about != nil || d.older() }

// causeOf is err without the store's advice, which is for a server that starts.
func causeOf(err error) string {
	if e, ok := errors.AsType[*store.Error](err); ok {
		return e.Cause()
	}
	return err.Error()
}

// holdsOnly reports whether nothing but the database, and what belongs to it, lies in its directory.
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
