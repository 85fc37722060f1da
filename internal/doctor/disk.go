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
	// walRoom is the size that a WAL reaches while a reader keeps a transaction open for a while.
	walRoom = 128 << 20
	// A server creates about ten files; a mailbox creates none.
	leastInodes, fewInodes = 16, 1000
)

// disk checks that there is room, and that SQLite can rely on the file system.
func (d *doctor) disk() {
	d.wal()
	dir := filepath.Dir(d.files.Database)
	magic, left, err := diskOf(dir)
	if err != nil {
		d.unchecked("disk", fmt.Sprintf("cannot examine %s: %v", dir, err), "df shows the free space")
		return
	}
	d.fileSystem(magic)
	d.space(left)
}

// diskSpace is the free space of a file system, for users other than root.
type diskSpace struct {
	bytes, inodes int64
	counted       bool // it limits inodes
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
		d.problem("disk", "the file system is mounted read-only", "see the kernel's log (dmesg) for the reason; mount it read-write")
	case s.bytes < leastBytes:
		d.problem("disk", fmt.Sprintf("%s bytes are free: when the disk is full, no session can be matched and no message stored", cli.Grouped(s.bytes)), "free some space")
	case s.bytes < want:
		d.warning("disk", fmt.Sprintf("%s bytes are free; full mailboxes and the WAL could take %s more", cli.Grouped(s.bytes), cli.Grouped(want)),
			"free some space, or lower CHATME_MAIL_TOTAL")
	default:
		d.ok("disk", "%s bytes are free; full mailboxes and the WAL could take %s more", cli.Grouped(s.bytes), cli.Grouped(want))
	}
	switch {
	case !s.counted:
	case s.inodes < leastInodes:
		d.problem("disk", fmt.Sprintf("%d inodes are free: no file can be created", s.inodes), "remove files; df -i shows where they are")
	case s.inodes < fewInodes:
		d.warning("disk", fmt.Sprintf("%d inodes are free", s.inodes), "remove files; df -i shows where they are")
	}
}

// fileSystem judges a file system by its type number (statfs(2)). SQLite in WAL mode needs working shared memory and
// locks, which network file systems do not provide: https://sqlite.org/wal.html, section 1.
func (d *doctor) fileSystem(magic uint32) {
	const local = "put the database on a local disk (ext4, xfs, btrfs, zfs)"
	switch magic {
	case 0x6969:
		d.problem("file system", "NFS: its locks and shared memory are not reliable enough for SQLite; the database will be damaged", local)
	case 0x517b, 0xff534d42, 0xfe534d42:
		d.problem("file system", "SMB/CIFS: its locks and shared memory are not reliable enough for SQLite; the database will be damaged", local)
	case 0x01021997:
		d.problem("file system", "9p: it has no shared memory for SQLite; the database will be damaged", local)
	case 0x00c36400, 0x5346414f, 0x7461636f, 0x01161970, 0x0bd00bd0:
		d.problem("file system", "a cluster or network file system: its locks and shared memory are not reliable enough for SQLite", local)
	case 0x65735546:
		d.warning("file system", "FUSE: whether its locks and fsync are reliable depends on the program behind it", local)
	case 0x01021994, 0x858458f6:
		d.warning("file system", "in memory: a restart of the machine loses the database", local)
	case 0x794c7630:
		d.warning("file system", "overlay, the layer of a container: removing the container loses the database", "mount a volume for the database directory")
	default:
		d.ok("file system", "local (type 0x%x)", magic)
	}
}

// wal checks that the WAL is reset regularly.
func (d *doctor) wal() {
	info, err := os.Stat(d.files.WAL)
	if err != nil {
		return
	}
	if info.Size() > walRoom {
		d.warning("WAL", fmt.Sprintf("%s bytes: a process keeps a transaction open, so the WAL cannot be reset", cli.Grouped(info.Size())),
			"close sqlite3 shells; if Litestream runs, check that it keeps up")
		return
	}
	d.ok("WAL", "%s bytes", cli.Grouped(info.Size()))
}
