package doctor

import (
	"fmt"
	"os"
	"path/filepath"

	"chatme/internal/cli"
)

const (
	// leastBytes is room for a WAL and its next batches.
	leastBytes = 64 << 20
	// walRoom is what a WAL grows to while somebody keeps a transaction open for a while.
	walRoom = 128 << 20
	// A server makes some ten files; a mailbox none.
	leastInodes, fewInodes = 16, 1000
)

// disk is whether there is room, and whether SQLite can rely on what is there.
func (d *doctor) disk() {
	d.wal()
	dir := filepath.Dir(d.files.Database)
	magic, left, err := diskOf(dir)
	if err != nil {
		d.unchecked("disk", fmt.Sprintf("look at %s: %v", dir, err), "df shows what it has left")
		return
	}
	d.fileSystem(magic)
	d.space(left)
}

// diskSpace is what a file system has left for a user other than root.
type diskSpace struct {
	bytes, inodes int64
	counted       bool // it has a limit of inodes
	readOnly      bool
}

func (d *doctor) space(s diskSpace) {
	held := int64(0)
	if d.base != nil {
		held = d.base.MailBytes
	}
	if !d.known("CHATME_MAIL_TOTAL") {
		d.unsettled("disk")
		return
	}
	want := max(int64(d.cfg.MailTotal)-held, 0) + walRoom
	switch {
	case s.readOnly:
		d.problem("disk", "the file system is mounted read-only", "look into the kernel's log (dmesg) for why; mount it for writing")
	case s.bytes < leastBytes:
		d.problem("disk", fmt.Sprintf("%s bytes are free: nobody can be matched or held mail for once it is full", cli.Grouped(s.bytes)), "free some space")
	case s.bytes < want:
		d.warning("disk", fmt.Sprintf("%s bytes are free; full mailboxes and the WAL could take %s more", cli.Grouped(s.bytes), cli.Grouped(want)),
			"free some space, or lower CHATME_MAIL_TOTAL")
	default:
		d.ok("disk", "%s bytes are free; full mailboxes and the WAL could take %s more", cli.Grouped(s.bytes), cli.Grouped(want))
	}
	switch {
	case !s.counted:
	case s.inodes < leastInodes:
		d.problem("disk", fmt.Sprintf("%d inodes are free: no file can be made", s.inodes), "remove files; df -i shows where they are")
	case s.inodes < fewInodes:
		d.warning("disk", fmt.Sprintf("%d inodes are free", s.inodes), "remove files; df -i shows where they are")
	}
}

// fileSystem judges a type by its number (statfs(2)). SQLite in WAL mode needs shared memory and locks that work,
// which network file systems do not give: https://sqlite.org/wal.html, section 1.
func (d *doctor) fileSystem(magic uint32) {
	const local = "put the database on a local disk (ext4, xfs, btrfs, zfs)"
	switch magic {
	case 0x6969:
		d.problem("file system", "NFS: its locks and shared memory do not hold for SQLite, and the database will be damaged", local)
	case 0x517b, 0xff534d42, 0xfe534d42:
		d.problem("file system", "SMB/CIFS: its locks and shared memory do not hold for SQLite, and the database will be damaged", local)
	case 0x01021997:
		d.problem("file system", "9p: it has no shared memory for SQLite, and the database will be damaged", local)
	case 0x00c36400, 0x5346414f, 0x7461636f, 0x01161970, 0x0bd00bd0:
		d.problem("file system", "a cluster's or a network's: its locks and shared memory do not hold for SQLite", local)
	case 0x65735546:
		d.warning("file system", "FUSE: whether its locks and fsync hold depends on the program behind it", local)
	case 0x01021994, 0x858458f6:
		d.warning("file system", "in memory: a restart of the machine takes the database with it", local)
	case 0x794c7630:
		d.warning("file system", "overlay, the layer of a container: removing the container takes the database with it", "mount a volume for the directory of the database")
	default:
		d.ok("file system", "local (type 0x%x)", magic)
	}
}

// wal is whether the WAL is cut as it should be.
func (d *doctor) wal() {
	info, err := os.Stat(d.files.WAL)
	if err != nil {
		return
	}
	if info.Size() > walRoom {
		d.warning("WAL", fmt.Sprintf("%s bytes: somebody keeps a transaction open, and it cannot begin anew", cli.Grouped(info.Size())),
			"close sqlite3 shells; if Litestream runs, see that it gets on")
		return
	}
	d.ok("WAL", "%s bytes", cli.Grouped(info.Size()))
}
