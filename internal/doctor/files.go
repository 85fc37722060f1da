package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"chatme/internal/cli"
)

const (
	// staleCopy is the age at which a copy from before an upgrade or a restore is hardly needed any more.
	staleCopy = 30 * 24 * time.Hour
	// stalePart is longer than it takes to write a copy.
	stalePart = time.Hour
)

// permissions checks that the server's user can write the database and that others cannot read it. It suggests chmod and
// chown only for a chatme database and a directory that holds nothing else.
func (d *doctor) permissions() {
	dir := filepath.Dir(d.files.Database)
	as, ok := d.runsAs(dir)
	switch {
	case !d.ours && d.exists():
		d.unchecked("permissions", d.files.Database+" is not known to be a chatme database", "")
		return
	case !d.ours:
		d.emptyDirectory(dir, as, ok)
		return
	}
	if !ok {
		d.unchecked("permissions", "the server's user is not known", "run this as root")
		return
	}
	before := len(d.findings)
	d.permission(dir, as, unix.R_OK|unix.W_OK|unix.X_OK)
	for _, name := range []string{d.files.Database, d.files.WAL, d.files.SharedMemory, d.files.Lock, d.files.Witness} {
		d.permission(name, as, unix.R_OK|unix.W_OK)
	}
	if len(d.findings) == before {
		d.ok("permissions", "the server's user (%s) can write the database, which is not world-readable", as.name())
	}
}

func (d *doctor) exists() bool {
	info, err := os.Stat(d.files.Database)
	return err == nil && info.Size() > 0
}

// emptyDirectory checks whether a first start could create its database in dir, which may be any directory.
func (d *doctor) emptyDirectory(dir string, as serverProcess, ok bool) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil || !ok || os.Geteuid() == 0 {
		d.ok("permissions", "there is no database yet")
		return
	}
	if !as.may(&st, unix.R_OK|unix.W_OK|unix.X_OK) {
		d.unchecked("permissions", fmt.Sprintf("there is no database yet, and %s cannot create one in %s", as.name(), dir),
			"run this as root or as the server's user; if this is the server's user, give the database its own directory with CHATME_DB")
		return
	}
	d.ok("permissions", "%s can create a database in %s", as.name(), dir)
}

// runsAs returns the user of the running server. Without a server it returns the current user or, for root, the owner of
// the database.
func (d *doctor) runsAs(dir string) (as serverProcess, ok bool) {
	if d.server.pid != 0 {
		return d.server, !d.server.nobody
	}
	if uid := os.Geteuid(); uid != 0 {
		as = serverProcess{uid: uint32(uid), gids: []uint32{uint32(os.Getegid())}}
		groups, _ := os.Getgroups()
		for _, gid := range groups {
			as.gids = append(as.gids, uint32(gid))
		}
		return as, true
	}
	var st unix.Stat_t
	if unix.Stat(d.files.Database, &st) != nil && unix.Stat(dir, &st) != nil {
		return as, false
	}
	as = serverProcess{uid: st.Uid, gids: []uint32{st.Gid}}
	if u, err := user.LookupId(strconv.Itoa(int(st.Uid))); err == nil {
		ids, _ := u.GroupIds()
		for _, id := range ids {
			if gid, err := strconv.ParseUint(id, 10, 32); err == nil {
				as.gids = append(as.gids, uint32(gid))
			}
		}
	}
	return as, true
}

// name returns the user for messages.
func (p serverProcess) name() string {
	if u, err := user.LookupId(strconv.Itoa(int(p.uid))); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", p.uid)
}

// login returns the user for a command.
func (p serverProcess) login() string {
	if u, err := user.LookupId(strconv.Itoa(int(p.uid))); err == nil {
		return u.Username
	}
	return strconv.Itoa(int(p.uid))
}

// shellQuoted quotes a name for a shell.
func shellQuoted(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+,:@", r))
	}) {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

// may reports whether the mode grants access, a sum of R_OK, W_OK and X_OK (access(2)).
func (p serverProcess) may(st *unix.Stat_t, access uint32) bool {
	switch {
	case p.uid == 0:
		return true
	case p.uid == st.Uid:
		return uint32(st.Mode)>>6&access == access
	case slices.Contains(p.gids, st.Gid):
		return uint32(st.Mode)>>3&access == access
	}
	return uint32(st.Mode)&access == access
}

// permission reports what is wrong with one file or directory.
func (d *doctor) permission(name string, as serverProcess, access uint32) {
	var st unix.Stat_t
	switch err := unix.Stat(name, &st); {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		d.unknown("permissions", err, asServer)
		return
	}
	directory := st.Mode&unix.S_IFMT == unix.S_IFDIR
	mode, good := uint32(st.Mode)&0o7777, "0640"
	if directory {
		good = "0750"
	}
	chown, chmod := fmt.Sprintf("chown %s %s", as.login(), shellQuoted(name)), fmt.Sprintf("chmod %s %s", good, shellQuoted(name))
	both := chown + " && " + chmod
	if directory && !d.holdsOnly(name) {
		const own = "it holds other files too: put the database in its own directory (CHATME_DB)"
		chmod, both = own, own
	}
	switch {
	case !as.may(&st, access):
		d.problem("permissions", fmt.Sprintf("%s (mode %04o, owner %s) is not writable by %s", name, mode, serverProcess{uid: st.Uid}.name(), as.name()), both)
	case mode&0o002 != 0:
		d.problem("permissions", fmt.Sprintf("%s is world-writable (mode %04o)", name, mode), chmod)
	case mode&0o004 != 0 && !directory && d.private(name):
		d.warning("permissions", fmt.Sprintf("%s is world-readable (mode %04o)", name, mode), chmod)
	case as.uid != 0 && st.Uid == 0 && !directory:
		d.warning("permissions", fmt.Sprintf("%s is owned by root, not by the server's user", name), chown)
	}
}

// private reports whether a file holds private data.
func (d *doctor) private(name string) bool {
	return name == d.files.Database || name == d.files.WAL || name == d.files.SharedMemory
}

// neighbours reports the other files next to the database.
func (d *doctor) neighbours() {
	for _, copies := range []struct {
		what  string
		names []string
	}{{"a copy from before an upgrade", d.files.Before}, {"the database that a restore replaced", d.files.Replaced}} {
		for _, name := range copies.names {
			info, err := os.Stat(name)
			if err != nil {
				continue
			}
			text := fmt.Sprintf("%s: %s, %s bytes, %s old", name, copies.what, cli.Grouped(info.Size()), cli.Elapsed(d.now.Sub(info.ModTime())))
			if d.whole && d.now.Sub(info.ModTime()) > staleCopy {
				d.warning("leftovers", text, "if nothing has gone wrong since, rm "+shellQuoted(name))
			} else {
				d.ok("leftovers", "%s", text)
			}
		}
	}
	for _, name := range d.files.Parts {
		if info, err := os.Stat(name); err == nil && d.whole && d.now.Sub(info.ModTime()) > stalePart {
			d.warning("leftovers", name+": an unfinished copy", "rm -r "+shellQuoted(name))
		}
	}
}
