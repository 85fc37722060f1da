package doctor

import "golang.org/x/sys/unix"

// clockSynchronised reports whether a time service keeps the kernel's clock synchronized (adjtimex(2)).
func clockSynchronised() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, err
	}
	const timeError = 5 // TIME_ERROR
	return state != timeError && t.Status&unix.STA_UNSYNC == 0, nil
}

// diskOf returns the type and the free space of dir's file system (statfs(2)).
func diskOf(dir string) (magic uint32, left diskSpace, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, left, err
	}
	return uint32(fs.Type), diskSpace{
		bytes: int64(fs.Bavail) * int64(fs.Bsize), inodes: int64(fs.Ffree), counted: fs.Files > 0,
		readOnly: fs.Flags&unix.ST_RDONLY != 0,
	}, nil
}
