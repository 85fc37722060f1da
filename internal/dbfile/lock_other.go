//go:build !linux

package dbfile

import (
	"fmt"
	"path/filepath"

	"chatme/internal/exit"
)

// Take refuses a database with several names. On these systems the lock file is the only lock: flock(2) and SQLite's
// locks may be the same, so the database itself is not locked.
func (l *LockFile) Take() error {
	st, err := Stat(l.path)
	if err != nil {
		return ExplainFile("look at", l.path, filepath.Dir(l.path), err)
	}
	if st.Nlink > 1 {
		return &Error{
			What: fmt.Sprintf("open %s: the file has %d names (hard links)", l.path, st.Nlink),
			Todo: "remove the others: a second server could run on one of them and destroy the database",
			Code: exit.Config,
		}
	}
	l.id = IDOf(&st)
	if err := Handles.claim(l.id, l.path); err != nil {
		return err
	}
	l.taken = true
	return nil
}
