//go:build !linux

package store

import (
	"fmt"
	"path/filepath"

	"chatme/internal/exit"
)

// take refuses a database with several names. On these systems the lock file is the only lock: flock(2) and SQLite's
// locks may be the same, so the database itself is not locked.
func (l *lockFile) take() error {
	st, err := stat(l.path)
	if err != nil {
		return explainFile("look at", l.path, filepath.Dir(l.path), err)
	}
	if st.Nlink > 1 {
		return &Error{
			what: fmt.Sprintf("open %s: the file has %d names (hard links)", l.path, st.Nlink),
			todo: "remove the others: a second server could run on one of them and destroy the database",
			code: exit.Config,
		}
	}
	l.id = idOf(&st)
	if err := handles.claim(l.id, l.path); err != nil {
		return err
	}
	l.taken = true
	return nil
}
