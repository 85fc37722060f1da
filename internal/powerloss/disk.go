package powerloss

import (
	"bytes"
	"fmt"
	"maps"
)

// Sector is the unit of a write, in bytes: a disk writes a sector fully, not at all, or only its start.
const Sector = 512

// Disk is what the system and its disk hold of the files of one directory.
type Disk struct {
	dir     string
	names   map[string]*file // as the system shows them
	durable map[string]*file // as of the last sync of the directory
	moves   []move           // since then, in order
	syncing int              // number of moves covered by the directory sync in progress
}

// file is one file, whatever its name.
type file struct {
	synced  []byte // as of the last sync
	now     []byte // as the system shows it
	pending []op   // since the last sync, in order
	syncing int    // number of pending ops covered by the sync in progress
}

// op is a write of data at off or, without data, a change of the size to off.
type op struct {
	off  int64
	data []byte
}

// move is a change of names: from is removed, and to, if not empty, names file.
type move struct {
	from, to string
	file     *file
}

// NewDisk returns a disk with dir empty.
func NewDisk(dir string) *Disk {
	return &Disk{dir: dir, names: map[string]*file{}, durable: map[string]*file{}}
}

// Apply applies e. It fails for a file that existed before the first event, because its content is not known.
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
		return fmt.Errorf("%s was never created", e.Path)
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

// apply returns content after o; it may modify content.
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

// resize makes content size bytes long, padded with zeros.
func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// Unsynced reports whether a power cut now could lose part of the file.
func (d *Disk) Unsynced(path string) bool {
	f := d.names[path]
	return f != nil && len(f.pending) > 0
}

// Now returns the files as the system shows them: what remains if nothing is lost.
func (d *Disk) Now() map[string][]byte {
	files := map[string][]byte{}
	for name, f := range d.names {
		files[name] = bytes.Clone(f.now)
	}
	return files
}

// cutNames returns the names after the first keep moves have reached the disk.
func (d *Disk) cutNames(keep int) map[string]*file {
	names := maps.Clone(d.durable)
	for _, m := range d.moves[:keep] {
		m.apply(names)
	}
	return names
}
