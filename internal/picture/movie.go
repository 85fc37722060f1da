package picture

import "strings"

// movieBoxes are the boxes of a sequence of pictures that show it, by the box that they are in.
var movieBoxes = map[string]string{
	"moov": "mvhd trak",
	"trak": "tkhd edts tref mdia",
	"mdia": "mdhd hdlr minf elng",
	"minf": "vmhd nmhd hdlr dinf stbl",
	"stbl": "stsd stts ctts cslg stsc stsz stz2 stco co64 stss sdtp sbgp sgpd subs",
}

// track is what counts of one track.
type track struct{ frames, width, height int }

// movie cleans the box of a sequence.
func (w *walk) movie(x box) error { return w.movieBox(x, nil) }

// movieBox cleans a box, and what is in it. t is the track that it belongs to.
func (w *walk) movieBox(x box, t *track) error {
	inside, parent := movieBoxes[x.kind]
	switch {
	case x.kind == "trak":
		return w.track(x)
	case parent:
		return w.movieParts(x, inside, t)
	}
	switch x.kind {
	case "mvhd", "tkhd", "mdhd":
		w.times(x)
	case "hdlr":
		w.handler(x)
	case "stsz", "stz2":
		f := fields{body: &w.body, at: x.from + 8, to: x.to}
		t.frames = f.next(4)
	case "stsd":
		const width = 8 + 8 + 8 + 16 // behind version, count, the head of the entry and what comes first in it
		f := fields{body: &w.body, at: x.from + width, to: x.to}
		t.width, t.height = f.next(2), f.next(2)
	}
	return nil
}

// movieParts cleans the boxes inside of one, and blanks those that do not show the picture.
func (w *walk) movieParts(x box, inside string, t *track) error {
	return w.each(x.from, x.to, func(x box) error {
		if !strings.Contains(" "+inside+" ", " "+x.kind+" ") {
			w.free(x)
			return nil
		}
		return w.movieBox(x, t)
	})
}

// track cleans a track with pictures, and blanks one with anything else, such as sound.
func (w *walk) track(x box) error {
	visual := false
	err := w.each(x.from, x.to, func(x box) error {
		if x.kind != "mdia" {
			return nil
		}
		return w.each(x.from, x.to, func(x box) error {
			if x.kind == "hdlr" {
				handler := w.handler(x)
				visual = handler == "pict" || handler == "auxv" || handler == "vide"
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	if !visual {
		w.free(x)
		w.unclean = true // its samples stay, without anything that says where they are
		return nil
	}
	var t track
	if err := w.movieParts(x, movieBoxes["trak"], &t); err != nil {
		return err
	}
	if err := measure(t.width, t.height); err != nil {
		return err
	}
	w.frames = 0 // tracks are shown together
	return w.frame(t.frames, t.width, t.height)
}

// times blanks when a movie, a track or its media were created and changed.
func (w *walk) times(x box) {
	each := 4
	if w.full(x) == 1 {
		each = 8
	}
	const first = 4
	w.zero(x.from+first, min(x.from+first+2*each, x.to))
}
