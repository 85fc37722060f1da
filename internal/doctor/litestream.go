package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"chatme/internal/cli"
	"chatme/internal/store"
)

const (
	// leastLitestream is the first version without the WAL-reset bug that was tested with chatme.
	leastLitestream = "0.5.18"
	// litestreamLag is how far behind Litestream may be: it reads changes once a second.
	litestreamLag = time.Minute
)

// litestream checks that Litestream keeps up, if it is used.
func (d *doctor) litestream() {
	newest, used := newestBelow(d.files.Litestream)
	marked := d.base != nil && d.base.Litestream
	switch {
	case used && newest.IsZero():
		d.unchecked("Litestream", "cannot read "+d.files.Litestream+", so its position is not known", "run this as root or as Litestream's user")
	case !used && !marked && d.base == nil && d.exists():
		d.unchecked("Litestream", "without the database, it is not known whether it is used here", "")
		return
	case !used && !marked:
		d.ok("Litestream", "not used here; make sure that there is another backup (chatme backup --help)")
		return
	case !used:
		d.warning("Litestream", "it was used on this database and no longer is: "+d.files.Litestream+" is missing",
			"start it again (systemctl status litestream), or make sure that there is another backup")
	default:
		written := time.Time{}
		for _, name := range []string{d.files.Database, d.files.WAL} {
			if info, err := os.Stat(name); err == nil && info.ModTime().After(written) {
				written = info.ModTime()
			}
		}
		d.litestreamLag(written, newest)
	}
	d.litestreamProgram()
}

// litestreamLag compares when the database was last written with when Litestream last read from it. Litestream keeps what
// it reads in its own files, and sends it from there.
func (d *doctor) litestreamLag(written, taken time.Time) {
	if lag := written.Sub(taken); lag > litestreamLag && d.now.Sub(taken) > litestreamLag {
		d.problem("Litestream", fmt.Sprintf("it is %s behind: changes since %s UTC are in no replica", cli.Elapsed(lag), taken.UTC().Format(time.DateTime)),
			"check that it is running (systemctl status litestream), and its log")
		return
	}
	d.ok("Litestream", "it has read every change; chatme drill proves that the replica restores")
}

// newestBelow returns when the newest file below dir was written.
func newestBelow(dir string) (newest time.Time, there bool) {
	filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // the rest counts
		}
		there = true
		if info, err := e.Info(); err == nil && !e.IsDir() && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	return newest, there
}

func (d *doctor) litestreamProgram() {
	path, err := exec.LookPath(d.cmd.Litestream)
	if err != nil {
		d.unchecked("Litestream", "binary not found, so its version is not known; it must be "+leastLitestream+" or newer", "name it with --litestream")
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		d.unchecked("Litestream", fmt.Sprintf("cannot get the version of %s: %v", path, err), "")
		return
	}
	d.litestreamVersion(string(out))
}

func (d *doctor) litestreamVersion(text string) {
	version := regexp.MustCompile(`\d+\.\d+\.\d+`).FindString(text)
	switch {
	case version == "":
		d.unchecked("Litestream", fmt.Sprintf("version %q is a custom build", strings.TrimSpace(text)), "make sure that it is not older than "+leastLitestream)
	case store.Older(version, leastLitestream):
		d.warning("Litestream", "version "+version+" has a bug that can damage a database", "install "+leastLitestream+" or newer: https://litestream.io/install")
	default:
		d.ok("Litestream", "version %s", version)
	}
}
