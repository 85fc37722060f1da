//go:build !linux

package store

import (
	"fmt"
	"path/filepath"
)

// take refuses a database with further names. There the lock file is all there is: flock(2) and the locks of SQLite may be one
// here, so the database itself is not locked.
func (l *lockFile) take() error {
	st, err := stat(l.path)
	if err != nil {
		return explainFile("look at", l.path, filepath.Dir(l.path), err)
	}
	if st.Nlink > 1 {
		return &Error{
			what: fmt.Sprintf("open %s: the file has %d names (hard links)", l.path, st.Nlink),
			todo: "remove the others: a second server could run on one of them, and destroy it",
			code: exitConfig,
		}
	}
	l.id = idOf(&st)
	if err := handles.claim(l.id, l.path); err != nil {
		return err
	}
	l.taken = true
	return nil
}
