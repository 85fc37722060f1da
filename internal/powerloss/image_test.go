//go:build !race

package powerloss

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"

	"chatme/internal/store"
)

// moments picks the moments of the images, in ascending order: a third right after a promise, a third while there are
// unsynced writes, the rest anywhere. A moment is the number of events before it.
func (p *powerLoss) moments(events []Event, l *ledger, images int) []int {
	var unsynced []int
	disk := NewDisk(p.site.Dir)
	for i := range events {
		p.apply(disk, events, i)
		if isFile := events[i].Kind == Wrote || events[i].Kind == Syncing; isFile && disk.Unsynced(events[i].Path) {
			unsynced = append(unsynced, i+1)
		}
	}
	rng := rand.New(rand.NewPCG(p.seed, 0))
	var all []int
	for i := range images {
		switch i % 3 {
		case 0:
			all = append(all, l.all[rng.IntN(len(l.all))].at+1)
		case 1:
			all = append(all, unsynced[rng.IntN(len(unsynced))])
		default:
			all = append(all, rng.IntN(len(events)+1))
		}
	}
	slices.Sort(all)
	return all
}

// look cuts the power at each moment and checks the images, with one worker per processor.
func (p *powerLoss) look(events []Event, l *ledger, images int, v *verdict) {
	type job struct {
		number, moment int
		image          Image
	}
	jobs := make(chan job) // unbuffered; sent by this function, which closes it
	var mu sync.Mutex      // guards v
	var examining sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		scratch := p.tb.TempDir()
		examining.Go(func() {
			for j := range jobs {
				broken, lost := p.examine(l, scratch, j.moment, &j.image)
				mu.Lock()
				where := fmt.Sprintf("seed %d, image %d, power cut before event %d: ", p.seed, j.number, j.moment)
				if broken != "" {
					v.broken = append(v.broken, where+broken)
				}
				if lost != "" {
					v.lost = append(v.lost, where+lost)
				}
				v.images++
				v.torn += j.image.Torn
				v.older += j.image.Lost
				mu.Unlock()
			}
		})
	}
	disk, applied := NewDisk(p.site.Dir), 0
	for number, moment := range p.moments(events, l, images) {
		for ; applied < moment; applied++ {
			p.apply(disk, events, applied)
		}
		jobs <- job{number, moment, disk.Cut(rand.New(rand.NewPCG(p.seed, uint64(number+1))))}
	}
	close(jobs)
	examining.Wait()
	slices.Sort(v.lost)
}

// examine opens an image as a server does and returns what is wrong with it.
func (p *powerLoss) examine(l *ledger, scratch string, moment int, image *Image) (broken, lost string) {
	last, needed := l.history.before(moment), l.needed(moment)
	state, err := p.open(l.history, last, scratch, image)
	switch {
	case err != nil:
		return err.Error(), ""
	case state < 0:
		return fmt.Sprintf("matches none of the %d states up to then", last+1), ""
	case state < needed:
		return "", fmt.Sprintf("is state %d of %d, missing %s", state, last, strings.Join(l.lost(moment, state), "; "))
	case needed > 0:
		return "", p.witnessed(scratch, image)
	}
	return "", ""
}

// witnessed returns why a server would treat the image as a restored backup and end all its chats: its witness is
// missing, or has seen a later start or state of it. It returns "" if the server would not.
func (p *powerLoss) witnessed(scratch string, image *Image) string {
	path, err := putDatabase(image.Files, p.site.DB, scratch)
	if err != nil {
		return err.Error()
	}
	switch why, err := store.Doubt(context.Background(), path); {
	case err != nil:
		return err.Error()
	case why != "":
		return fmt.Sprintf("looks like a restored backup, because %s: %q", why, image.Files[p.site.DB+".witness"])
	}
	return ""
}

// open returns which of the states up to last the image matches, or -1 if none.
func (p *powerLoss) open(h *history, last int, scratch string, image *Image) (state int, err error) {
	path, err := putDatabase(image.Files, p.site.DB, scratch)
	if err != nil {
		return 0, err
	}
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		return 0, fmt.Errorf("does not open: %w", err)
	}
	_, err = s.Load(ctx)
	c, err2 := readContent(path)
	if err := errors.Join(err, err2, s.Close()); err != nil {
		return 0, fmt.Errorf("does not load: %w", err)
	}
	if state := h.find(&c, last); state >= 0 {
		return state, nil
	}
	// Opening it has created the tables that did not exist yet.
	if path, err = putDatabase(image.Files, p.site.DB, scratch); err != nil {
		return 0, err
	}
	if c, err = readContent(path); err != nil {
		return 0, fmt.Errorf("does not load: %w", err)
	}
	return h.find(&c, last), nil
}
