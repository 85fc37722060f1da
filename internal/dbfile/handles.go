package dbfile

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"chatme/internal/exit"

	"golang.org/x/sys/unix"
)

// FileID identifies a file, whatever its names are.
type FileID struct{ device, inode uint64 }

// IDOf returns the identity of the file with this status.
func IDOf(st *unix.Stat_t) FileID { return FileID{uint64(st.Dev), st.Ino} }

// Stat returns the status of the file at path without opening it.
func Stat(path string) (st unix.Stat_t, err error) {
	err = RetryInterrupted(func() error { return unix.Stat(path, &st) })
	return st, err
}

// Handles are the database files that this process has open.
var Handles = handleTable{files: map[FileID]*handle{}}

// handleTable prevents two Stores of one process from opening one file, whatever its names are, and keeps descriptors of
// a file open for as long as SQLite has some: closing ANY descriptor of a file drops ALL of the process's POSIX locks on
// it (https://sqlite.org/howtocorrupt.html, section 2.2).
type handleTable struct {
	mu    sync.Mutex
	files map[FileID]*handle // guarded by mu
}

// handle is a file of a handleTable.
type handle struct {
	owner   string     // the database whose one-server lock is held, by the name it was opened with; "": none
	users   int        // handles of SQLite
	closing []*os.File // to be closed after the last of them
}

// Enter records that SQLite is about to open the file at path, and returns a function to call once SQLite has closed it.
func (t *handleTable) Enter(path string) (leave func()) {
	st, err := Stat(path)
	if err != nil {
		return func() {} // SQLite will not open it either
	}
	id := IDOf(&st)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at(id).users++
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		h := t.at(id)
		if h.users--; h.users == 0 {
			for _, f := range h.closing {
				f.Close()
			}
			h.closing = nil
		}
		t.tidy(id)
	})
}

// Len returns how many files this process has open or locked.
func (t *handleTable) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.files)
}

// close closes f, a descriptor of the file id, once SQLite has none.
func (t *handleTable) close(id FileID, f *os.File) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.files[id]; h != nil && h.users > 0 {
		h.closing = append(h.closing, f)
		return nil
	}
	return f.Close()
}

// claim makes path the owner of the file id. If the file already has an owner, the error has exit code 75.
func (t *handleTable) claim(id FileID, path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.claimed(id, path); err != nil {
		return err
	}
	t.at(id).owner = path
	return nil
}

// vacant returns the error that claim would return for the file at path, which may not exist, and claims nothing.
func (t *handleTable) vacant(path string) error {
	st, err := Stat(path)
	if err != nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.claimed(IDOf(&st), path)
}

// claimed returns an error if the file id has an owner. The caller holds mu.
func (t *handleTable) claimed(id FileID, path string) error {
	h := t.files[id]
	if h == nil || h.owner == "" {
		return nil
	}
	return running(path, fmt.Sprintf(" (process %d)", os.Getpid()), h.owner+LockSuffix+" is locked")
}

// disclaim undoes claim.
func (t *handleTable) disclaim(id FileID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at(id).owner = ""
	t.tidy(id)
}

// at returns the entry of the file id. The caller holds mu.
func (t *handleTable) at(id FileID) *handle {
	if t.files[id] == nil {
		t.files[id] = &handle{}
	}
	return t.files[id]
}

// tidy removes the entry of the file id if it is empty. The caller holds mu.
func (t *handleTable) tidy(id FileID) {
	if h := t.files[id]; h != nil && h.owner == "" && h.users == 0 && len(h.closing) == 0 {
		delete(t.files, id)
	}
}

// running returns the error for a database that a server has open; by is " (process N)" or "".
func running(path, by, why string) error {
	return &Error{
		What: fmt.Sprintf("another server%s is running on %s (%s)", by, path, why),
		Todo: "stop it, or name another database",
		Code: exit.AlreadyRunning,
	}
}

// RefuseLinks refuses a symbolic link in place of a file that SQLite creates beside the database: SQLite would write to
// the target of the link. The lock file and the witness are opened without following links.
func RefuseLinks(path string) error {
	for _, suffix := range SideFiles {
		name := path + suffix
		if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSymlink != 0 {
			return ExplainFile("open", name, filepath.Dir(name), unix.ELOOP)
		}
	}
	return nil
}
