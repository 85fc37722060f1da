package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// openFiles are the files that a Store has open, as Open found them: the database, its -wal and its -shm. SQLite removes
// or replaces none of them while a connection is open.
type openFiles struct {
	mu      sync.Mutex
	ids     [len(openSuffixes)]dbfile.FileID // zero: not known
	size    int64                            // of the database at the last look, in bytes
	written int64                            // last write, as of the last look, in ns
	state   witness                          // of the file alone, without the -wal; boot 0: not known
	strange int                              // consecutive looks that found unexpected content
	damaged string                           // what was done to the database in place; "": nothing
	closed  bool                             // SQLite is closing them, and removes the -wal and the -shm
	last    error                            // result of the last look
}

var openSuffixes = [...]string{"", "-wal", "-shm"}

// note records the current files as the right ones.
func (o *openFiles) note(path string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, suffix := range openSuffixes {
		if st, err := dbfile.Stat(path + suffix); err == nil {
			o.ids[i] = dbfile.IDOf(&st)
		}
	}
	o.size = sizeOf(path)
}

// close stops all looks.
func (o *openFiles) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// Intact returns nil if the files of the database are those that Open found, and otherwise an *Error with exit code 65
// that says what happened to them, and what to do. The Store continues with the files that it has open, and everything
// works; but what it writes is lost when the process ends. A file that is put back is fine again; one that was
// overwritten is not. Intact only checks the status of the files, and blocks for no longer than that takes.
func (s *Store) Intact() error {
	o := &s.files
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.last = s.look()
	}
	return o.last
}

// look is Intact for a Store that is open. The caller holds files.mu.
func (s *Store) look() error {
	o := &s.files
	if o.damaged != "" {
		return overwritten(o.damaged)
	}
	for i, suffix := range openSuffixes {
		name := s.path + suffix
		st, err := dbfile.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return s.strayed(suffix, name+" was removed")
		case err != nil:
			return s.strayed(suffix, fmt.Sprintf("%s cannot be accessed (%v)", name, err))
		case o.ids[i] == dbfile.FileID{}:
			o.ids[i] = dbfile.IDOf(&st)
		case o.ids[i] != dbfile.IDOf(&st):
			return s.strayed(suffix, name+" was replaced by another file")
		}
		if suffix == "" {
			if o.damaged = o.overwriting(s, &st); o.damaged != "" {
				return overwritten(o.damaged)
			}
		}
	}
	return nil
}

// strayed returns the error for one of the files that is not where it was.
func (s *Store) strayed(suffix, what string) error {
	e := &dbfile.Error{What: what + " while the server runs on it", Todo: rescue, Code: exit.BadDatabase}
	if suffix != "" {
		e.Todo = restartInOrder
	}
	return e
}

func overwritten(what string) error {
	return &dbfile.Error{What: what + " while the server runs on it", Todo: "stop the server and restore a backup (chatme restore --replace)", Code: exit.BadDatabase}
}
