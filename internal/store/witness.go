package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// witnessSuffix names the witness, next to the database.
const witnessSuffix = ".witness"

// maxWitness is more than a witness has, in bytes.
const maxWitness = 128

// witness says which start was the last, and of which file. It lies outside the database, so it is not put back with
// it: a database that it does not fit has come from elsewhere or from an earlier time.
type witness struct {
	boot   uint64
	device uint64
	inode  uint64
}

// String is the line in the file.
func (w witness) String() string {
	return fmt.Sprintf("boot %d, device %d, inode %d\n", w.boot, w.device, w.inode)
}

// sight returns the witness of the start boot of the file at path, which is not opened.
func sight(path string, boot uint64) (witness, error) {
	var st unix.Stat_t
	if err := retryInterrupted(func() error { return unix.Stat(path, &st) }); err != nil {
		return witness{}, explainFile("look at", path, filepath.Dir(path), err)
	}
	return witness{boot: boot, device: uint64(st.Dev), inode: st.Ino}, nil
}

// errNoWitness says that the file holds none.
var errNoWitness = errors.New("it does not read as one")

// readWitness returns what the file name says. The error is errNoWitness, or one of the file system.
func readWitness(name string) (witness, error) {
	// Whatever stands there is not waited for, a pipe for instance.
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return witness{}, err
	}
	defer f.Close()
	line, err := io.ReadAll(io.LimitReader(f, maxWitness))
	if err != nil {
		return witness{}, err
	}
	var w witness
	fmt.Sscanf(string(line), "boot %d, device %d, inode %d\n", &w.boot, &w.device, &w.inode)
	if w.String() != string(line) {
		return witness{}, errNoWitness
	}
	return w, nil
}

// doubt returns why the database, which is as now says, is not what the witness in the file name saw last: "" if it
// is. A database that is ahead is: a start was committed, and killed before it could write its witness. A witness that
// cannot be read at the moment tells nothing, so that is an error: to doubt would end every chat.
func (now witness) doubt(name string) (why string, err error) {
	seen, err := readWitness(name)
	switch {
	case errors.Is(err, errNoWitness), errors.Is(err, fs.ErrNotExist):
		return "no witness: " + cause(err).Error(), nil
	case err != nil:
		return "", explainFile("read", name, filepath.Dir(name), err)
	case seen.device != now.device || seen.inode != now.inode:
		return "it is another file", nil
	case seen.boot > now.boot:
		return fmt.Sprintf("it had %d starts and has %d", seen.boot, now.boot), nil
	}
	return "", nil
}

// write puts w into the file name. After a crash there is the old one or the new one.
func (w witness) write(name string) error {
	dir, part := filepath.Dir(name), name+".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explainFile("replace", part, dir, err)
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return explainFile("write", part, dir, err)
	}
	_, err = f.WriteString(w.String())
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return explainFile("write", part, dir, err)
	}
	if err := os.Rename(part, name); err != nil {
		return explainFile("write", name, dir, err)
	}
	return syncDir(dir)
}
