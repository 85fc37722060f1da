package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// staleCopy is after when a copy from before an upgrade or a restore is hardly needed any more.
	staleCopy = 30 * 24 * time.Hour
	// stalePart is longer than a copy takes to be written.
	stalePart = time.Hour
)

// permissions is whether the server's user can do its work, and nobody else.
func (d *doctor) permissions() {
	dir := filepath.Dir(d.files.Database)
	as, ok := d.runsAs(dir)
	if !ok {
		d.unchecked("permissions", "the user that the server runs as is not known", "run this as root")
		return
	}
	before := len(d.findings)
	d.permission(dir, as, unix.R_OK|unix.W_OK|unix.X_OK)
	for _, name := range []string{d.files.Database, d.files.WAL, d.files.SharedMemory, d.files.Lock, d.files.Witness} {
		d.permission(name, as, unix.R_OK|unix.W_OK)
	}
	if len(d.findings) == before {
		d.ok("permissions", "the server's user (%s) can write the database, and not everybody can read it", as.name())
	}
}

// runsAs is the user of the running server; without one, of who asks, or as root, the owner of the database's directory.
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
	if unix.Stat(dir, &st) != nil {
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

// name is the user for people.
func (p serverProcess) name() string {
	if u, err := user.LookupId(strconv.Itoa(int(p.uid))); err == nil {
		return u.Username
	}
	return fmt.Sprintf("user %d", p.uid)
}

// may says whether the mode grants access, a sum of R_OK, W_OK and X_OK (access(2)).
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

// permission reports on one file or directory, if there is something to say.
func (d *doctor) permission(name string, as serverProcess, access uint32) {
	var st unix.Stat_t
	switch err := unix.Stat(name, &st); {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		d.problem("permissions", fmt.Sprintf("%s cannot be looked at: %v", name, err), "run this as root or as the server's user")
		return
	}
	directory := st.Mode&unix.S_IFMT == unix.S_IFDIR
	mode, good := uint32(st.Mode)&0o7777, "0640"
	if directory {
		good = "0750"
	}
	switch {
	case !as.may(&st, access):
		d.problem("permissions", fmt.Sprintf("%s (mode %04o, owner %s) is not for %s to write", name, mode, serverProcess{uid: st.Uid}.name(), as.name()),
			fmt.Sprintf("chown %s %s && chmod %s %s", as.name(), name, good, name))
	case mode&0o002 != 0:
		d.problem("permissions", fmt.Sprintf("everybody may write %s (mode %04o)", name, mode), fmt.Sprintf("chmod %s %s", good, name))
	case mode&0o004 != 0 && !directory && d.private(name):
		d.warning("permissions", fmt.Sprintf("everybody may read %s (mode %04o)", name, mode), fmt.Sprintf("chmod %s %s", good, name))
	case as.uid != 0 && st.Uid == 0 && !directory:
		d.warning("permissions", fmt.Sprintf("%s is root's, and not the server's user's", name), fmt.Sprintf("chown %s %s", as.name(), name))
	}
}

// private says whether a file has anything in it that is not for everybody.
func (d *doctor) private(name string) bool {
	return name == d.files.Database || name == d.files.WAL || name == d.files.SharedMemory
}

// neighbours is what else lies beside the database.
func (d *doctor) neighbours() {
	for _, copies := range []struct {
		what  string
		names []string
	}{{"a copy from before an upgrade", d.files.Before}, {"the database that a restore has replaced", d.files.Replaced}} {
		for _, name := range copies.names {
			info, err := os.Stat(name)
			if err != nil {
				continue
			}
			text := fmt.Sprintf("%s: %s, %s bytes, %s old", name, copies.what, grouped(info.Size()), elapsed(d.now.Sub(info.ModTime())))
			if d.now.Sub(info.ModTime()) > staleCopy {
				d.warning("leftovers", text, "if all is well since then: rm "+name)
			} else {
				d.ok("leftovers", "%s", text)
			}
		}
	}
	for _, name := range d.files.Parts {
		if info, err := os.Stat(name); err == nil && d.now.Sub(info.ModTime()) > stalePart {
			d.warning("leftovers", name+": a copy that was never finished", "rm -r "+name)
		}
	}
}
