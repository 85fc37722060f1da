package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"chatme/internal/dbfile"
)

// witnessSuffix names the witness, next to the database.
const witnessSuffix = ".witness"

// maxWitness is more than the size of a witness, in bytes.
const maxWitness = 256

// witness describes the last seen state of the database, and which file it was in. It lies outside the database, so it
// is not restored with it: a database that does not match it comes from elsewhere or from an earlier time.
type witness struct {
	boot   uint64 // the last start
	device uint64
	inode  uint64

	marked  bool   // the following is known; older programs did not write it
	epoch   string // of that start
	counter int64  // how far the start had come
	stopped bool   // the start had stopped in order
}

// String returns the content of the file. The first line stays the same for the whole of a start. The second has a fixed
// length and a checksum, because it is written in place: a torn line is invalid.
func (w witness) String() string {
	first := fmt.Sprintf("boot %d, device %d, inode %d\n", w.boot, w.device, w.inode)
	if !w.marked {
		return first
	}
	state := "running"
	if w.stopped {
		state = "stopped"
	}
	mark := fmt.Sprintf("epoch %s, counter %010d, %s, ", w.epoch, w.counter, state)
	return fmt.Sprintf("%s%ssum %08x\n", first, mark, crc32.ChecksumIEEE([]byte(mark)))
}

// markLength is the length of the second line, in bytes.
const markLength = len("epoch 00000000000000000000000000000000, counter 0000000000, running, sum 00000000\n")

// sight returns a witness of the file at path, without opening it, and of no start yet.
func sight(path string) (witness, error) {
	var st unix.Stat_t
	if err := dbfile.RetryInterrupted(func() error { return unix.Stat(path, &st) }); err != nil {
		return witness{}, dbfile.ExplainFile("look at", path, filepath.Dir(path), err)
	}
	return witness{device: uint64(st.Dev), inode: st.Ino}, nil
}

// errNoWitness reports that the file is not a valid witness.
var errNoWitness = errors.New("the file is not a valid witness")

// readWitness returns the witness in the file name. The error is errNoWitness, or one of the file system.
func readWitness(name string) (witness, error) {
	// Never blocks, even if the file is, for example, a pipe.
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return witness{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxWitness))
	if err != nil {
		return witness{}, err
	}
	return parseWitness(string(content))
}

// parseWitness parses the content. A torn second line tells nothing, but the first line is still valid.
func parseWitness(content string) (witness, error) {
	first, second, _ := strings.Cut(content, "\n")
	var w witness
	fmt.Sscanf(first, "boot %d, device %d, inode %d", &w.boot, &w.device, &w.inode)
	if w.String() != first+"\n" || len(first) == len(content) || second != "" && len(second) != markLength {
		return witness{}, errNoWitness
	}
	marked, state := w, ""
	marked.marked = true
	fmt.Sscanf(second, "epoch %32s, counter %d, %7s", &marked.epoch, &marked.counter, &state)
	if marked.stopped = state == "stopped"; marked.String() == content {
		return marked, nil
	}
	return w, nil
}

// write writes w to the file name. After a crash either the old or the new witness is there.
func (w witness) write(name string) error {
	dir, part := filepath.Dir(name), name+".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dbfile.ExplainFile("replace", part, dir, err)
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return dbfile.ExplainFile("write", part, dir, err)
	}
	_, err = f.WriteString(w.String())
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return dbfile.ExplainFile("write", part, dir, err)
	}
	if err := os.Rename(part, name); err != nil {
		return dbfile.ExplainFile("write", name, dir, err)
	}
	return syncDir(dir)
}

// renew replaces a witness of the same start, without syncing. After a crash the old or the new witness is there, or one
// with an invalid second line.
func (w witness) renew(name string) error {
	dir := filepath.Dir(name)
	f, err := os.OpenFile(name, os.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return dbfile.ExplainFile("write", name, dir, err)
	}
	_, err = f.WriteAt([]byte(w.String()), 0)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return dbfile.ExplainFile("write", name, dir, err)
	}
	return nil
}
