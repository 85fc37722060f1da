package powerloss

import (
	"bytes"
	"fmt"
	"maps"
)

// Sector is what a disk writes whole, or not, or a beginning of it.
const Sector = 512

// Disk is what the system and its disk hold of the files of one directory.
type Disk struct {
	dir     string
	names   map[string]*file // as the system shows them
	durable map[string]*file // as of the last sync of the directory
	moves   []move           // since then, in order
	syncing int              // how many of moves the sync of the directory that is under way covers
}

// file is one file, whatever its name.
type file struct {
	synced  []byte // as of the last sync
	now     []byte // as the system shows it
	pending []op   // since the last sync, in order
	syncing int    // how many of pending the sync that is under way covers
}

// op is a write of data at off, or without data a change of the size to off.
type op struct {
	off  int64
	data []byte
}

// move is a change of names: from is gone, and to, if there is one, is file.
type move struct {
	from, to string
	file     *file
}

// NewDisk returns the disk with dir empty.
func NewDisk(dir string) *Disk {
	return &Disk{dir: dir, names: map[string]*file{}, durable: map[string]*file{}}
}

// Apply lets e happen. It fails on a file that was there before the first event: what it held is not known.
func (d *Disk) Apply(e *Event) error {
	if e.Path == d.dir {
		d.syncNames(e.Kind)
		return nil
	}
	f := d.names[e.Path]
	switch e.Kind {
	case Opened:
		if f == nil {
			f = &file{}
			d.rename(move{to: e.Path, file: f})
		}
		if e.Cut {
			f.write(op{})
		}
		return nil
	case Sent, Received:
		return nil
	}
	if f == nil {
		return fmt.Errorf("nobody made %s", e.Path)
	}
	switch e.Kind {
	case Unlinked:
		d.rename(move{from: e.Path})
	case Renamed:
		d.rename(move{from: e.Path, to: e.To, file: f})
	case Wrote:
		off := e.Off
		if off == AtEnd {
			off = int64(len(f.now))
		}
		if len(e.Data) > 0 {
			f.write(op{off, e.Data})
		}
	case Resized:
		if !e.Grow || e.Off > int64(len(f.now)) {
			f.write(op{off: e.Off})
		}
	case Syncing:
		f.syncing = len(f.pending)
	case Synced:
		for _, o := range f.pending[:f.syncing] {
			f.synced = o.apply(f.synced)
		}
		f.pending = append([]op(nil), f.pending[f.syncing:]...)
		f.syncing = 0
	}
	return nil
}

func (d *Disk) syncNames(k Kind) {
	switch k {
	case Syncing:
		d.syncing = len(d.moves)
	case Synced:
		for _, m := range d.moves[:d.syncing] {
			m.apply(d.durable)
		}
		d.moves = append([]move(nil), d.moves[d.syncing:]...)
		d.syncing = 0
	}
}

func (d *Disk) rename(m move) {
	m.apply(d.names)
	d.moves = append(d.moves, m)
}

func (m *move) apply(names map[string]*file) {
	if m.from != "" {
		delete(names, m.from)
	}
	if m.to != "" {
		names[m.to] = m.file
	}
}

func (f *file) write(o op) {
	f.now = o.apply(f.now)
	f.pending = append(f.pending, o)
}

// apply returns content after o; it may change content in place.
func (o *op) apply(content []byte) []byte {
	if o.data == nil {
		return resize(content, o.off)
	}
	if end := o.off + int64(len(o.data)); end > int64(len(content)) {
		content = resize(content, end)
	}
	copy(content[o.off:], o.data)
	return content
}

// resize makes content size bytes long; what is new is zero.
func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// Unsynced says whether a power cut now could lose something of the file.
func (d *Disk) Unsynced(path string) bool {
	f := d.names[path]
	return f != nil && len(f.pending) > 0
}

// Now returns the files as the system shows them: what is left when nothing is lost.
func (d *Disk) Now() map[string][]byte {
	files := map[string][]byte{}
	for name, f := range d.names {
		files[name] = bytes.Clone(f.now)
	}
	return files
}

// cutNames returns the names when the first keep of the moves have reached the disk.
func (d *Disk) cutNames(keep int) map[string]*file {
	names := maps.Clone(d.durable)
	for _, m := range d.moves[:keep] {
		m.apply(names)
	}
	return names
}
