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
	// leastLitestream is the first without the WAL-reset bug that was tried with chatme.
	leastLitestream = "0.5.18"
	// litestreamLag is how far it may be behind: it takes what is new once a second.
	litestreamLag = time.Minute
)

// litestream is whether it keeps up, if it is used.
func (d *doctor) litestream() {
	newest, used := newestBelow(d.files.Litestream)
	marked := d.base != nil && d.base.Litestream
	switch {
	case used && newest.IsZero():
		d.unchecked("Litestream", "nothing below "+d.files.Litestream+" can be read, so how far it is cannot be told", "run this as root or as Litestream's user")
	case !used && !marked && d.base == nil && d.exists():
		d.unchecked("Litestream", "whether it is used here cannot be told without the database", "")
		return
	case !used && !marked:
		d.ok("Litestream", "not used here; is there another backup? chatme backup --help")
		return
	case !used:
		d.warning("Litestream", "it was used on this database, and now it is not: "+d.files.Litestream+" is gone",
			"start it again (systemctl status litestream), or see that there is another backup")
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

// litestreamLag compares when the database was written with when Litestream last took something of it. What it takes it
// keeps in files of its own, and sends from there.
func (d *doctor) litestreamLag(written, taken time.Time) {
	if lag := written.Sub(taken); lag > litestreamLag && d.now.Sub(taken) > litestreamLag {
		d.problem("Litestream", fmt.Sprintf("it is %s behind: what was written since %s UTC is in no replica", cli.Elapsed(lag), taken.UTC().Format(time.DateTime)),
			"is it running? systemctl status litestream, and its log")
		return
	}
	d.ok("Litestream", "it has taken what was written; that it is in the replica, chatme drill shows")
}

// newestBelow is when a file below dir was last written.
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
		d.unchecked("Litestream", "its program is not here, so its version is not known; it must be "+leastLitestream+" or newer", "name it with --litestream")
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		d.unchecked("Litestream", fmt.Sprintf("%s does not say its version: %v", path, err), "")
		return
	}
	d.litestreamVersion(string(out))
}

func (d *doctor) litestreamVersion(text string) {
	version := regexp.MustCompile(`\d+\.\d+\.\d+`).FindString(text)
	switch {
	case version == "":
		d.unchecked("Litestream", fmt.Sprintf("its version is %q, a build of its own", strings.TrimSpace(text)), "see that it is not older than "+leastLitestream)
	case store.Older(version, leastLitestream):
		d.warning("Litestream", "version "+version+" has a bug that can damage a database", "install "+leastLitestream+" or newer: https://litestream.io/install")
	default:
		d.ok("Litestream", "version %s", version)
	}
}
