package powerloss

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
)

// Image is what a power cut leaves.
type Image struct {
	Files map[string][]byte // by name
	Lost  int               // number of sectors older than what the system showed
	Torn  int               // number of sectors of mixed age
}

// tornOneIn: one in this many written sectors is torn.
const tornOneIn = 8

// Cut returns what remains if the power is cut now. rng decides what is lost.
func (d *Disk) Cut(rng *rand.Rand) Image {
	keep := len(d.moves)
	if rng.IntN(2) == 0 {
		keep = rng.IntN(keep + 1)
	}
	names := d.cutNames(keep)
	image := Image{Files: map[string][]byte{}}
	for _, name := range slices.Sorted(maps.Keys(names)) { // in a fixed order, so that rng decides the same each time
		image.Files[name] = names[name].cut(rng, &image)
	}
	return image
}

// version is the content of a sector after one of the pending writes.
type version struct {
	op   int // index of that write
	data []byte
}

// sector is a sector that was written since the last sync.
type sector struct {
	at       int // offset of its first byte
	versions []version
}

// history returns the sectors that the pending writes touch, in file order, with all their versions, the durable one
// first. It also returns all sizes that the file has had.
func (f *file) history() (sectors []*sector, sizes []int) {
	content := bytes.Clone(f.synced)
	sizes = append(sizes, len(content))
	byStart := map[int]*sector{}
	for i, o := range f.pending {
		from, to := int(o.off), int(o.off)+len(o.data)
		if o.data == nil {
			from, to = min(from, len(content)), max(from, len(content))
		} else {
			from = min(from, len(content)) // zeros between the end and the write
		}
		first := from / Sector * Sector
		for at := first; at < to; at += Sector {
			if byStart[at] == nil {
				byStart[at] = &sector{at: at, versions: []version{{-1, piece(content, at)}}}
			}
		}
		content = o.apply(content)
		sizes = append(sizes, len(content))
		for at := first; at < to; at += Sector {
			s := byStart[at]
			s.versions = append(s.versions, version{i, piece(content, at)})
		}
	}
	for _, at := range slices.Sorted(maps.Keys(byStart)) {
		sectors = append(sectors, byStart[at])
	}
	return sectors, sizes
}

// piece returns a copy of the sector at at, padded with zeros beyond the end of content.
func piece(content []byte, at int) []byte {
	data := make([]byte, Sector)
	if at < len(content) {
		copy(data, content[at:])
	}
	return data
}

// cut returns what remains of the file, and counts in image what is lost.
func (f *file) cut(rng *rand.Rand, image *Image) []byte {
	sectors, sizes := f.history()
	size := sizes[len(sizes)-1]
	if rng.IntN(2) == 0 {
		size = sizes[rng.IntN(len(sizes))]
	}
	content := resize(bytes.Clone(f.synced), int64(slices.Max(sizes)))
	choose := chooser(rng, len(f.pending), len(sectors))
	for i, s := range sectors {
		kept := choose(i, s)
		data := bytes.Clone(s.versions[kept].data)
		if kept > 0 && rng.IntN(tornOneIn) == 0 {
			older := s.versions[rng.IntN(kept)].data
			whole := 1 + rng.IntN(Sector-1)
			copy(data[whole:], older[whole:])
			image.Torn++
		}
		if kept < len(s.versions)-1 {
			image.Lost++
		}
		copy(content[s.at:], data)
	}
	return content[:size]
}

// chooser returns a function that picks the version of the i-th sector that remains. Independent chance would hardly
// ever lose nothing, everything, or one sector in a hundred, so the loss follows a randomly chosen pattern.
func chooser(rng *rand.Rand, ops, sectors int) func(i int, s *sector) int {
	latest := func(s *sector) int { return len(s.versions) - 1 }
	one, upTo, share := rng.IntN(max(sectors, 1)), rng.IntN(ops+1)-1, rng.Float64()
	switch rng.IntN(6) {
	case 0: // all are lost
		return func(int, *sector) int { return 0 }
	case 1: // none are lost
		return func(_ int, s *sector) int { return latest(s) }
	case 2: // one sector is lost
		return func(i int, s *sector) int {
			if i == one {
				return rng.IntN(len(s.versions))
			}
			return latest(s)
		}
	case 3: // one sector remains
		return func(i int, s *sector) int {
			if i == one {
				return latest(s)
			}
			return 0
		}
	case 4: // the writes up to one remain
		return func(_ int, s *sector) int {
			kept := 0
			for kept < latest(s) && s.versions[kept+1].op <= upTo {
				kept++
			}
			return kept
		}
	}
	return func(_ int, s *sector) int { // each independently
		if rng.Float64() < share {
			return latest(s)
		}
		return rng.IntN(len(s.versions))
	}
}
