package torture

import (
	"math/rand/v2"
	"sync"
	"time"

	"chatme/internal/client"
	"chatme/internal/link"
	"chatme/internal/pace"
	"chatme/internal/testcard"
	"chatme/internal/torture/checker"
)

// Parameters of the slow clients.
const (
	linkDelayLeast, linkDelayMost = 20 * time.Millisecond, 400 * time.Millisecond
	linkRateLeast, linkRateMost   = 400 << 10, 1 << 20   // bytes per second; one link in three
	readRateLeast, readRateMost   = 300 << 10, 800 << 10 // bytes per second
	readPause                     = 4 * time.Second      // at most, occasionally

	// linkLag and readLag are how much later a client may read or be read: behind a link without a rate, and otherwise.
	linkLag = time.Second
	readLag = 25 * time.Second
)

// Which clients have which fault, by number. Each fault affects legacy and resumable clients, and no client reads
// slowly through a slow link.
func hasLink(who int) bool { return who%5 == 2 }
func hasRate(who int) bool { return who%15 == 2 }
func isSlow(who int) bool  { return who%10 == 9 }
func queues(who int) bool  { return who%8 == 7 } // every second legacy client

// equip gives the client the faults of this run.
func (c *chatter) equip() error {
	c.url = c.t.url
	c.opts.Queued = c.old && queues(c.who)
	c.opts.Ponged = func(behind int) {
		e := c.event(checker.Sent, "pong")
		e.N = uint64(behind)
		c.t.history.Add(e)
	}
	switch {
	case c.t.injects(faultSlow) && isSlow(c.who):
		c.lag = pace.Of(readLag)
		c.t.slow++
	case c.t.injects(faultLatency) && hasLink(c.who):
		rate := 0
		if c.lag = pace.Of(linkLag); hasRate(c.who) {
			c.lag, rate = pace.Of(readLag), linkRateLeast+c.chance.IntN(linkRateMost-linkRateLeast)
		}
		delay := linkDelayLeast + c.upTo(linkDelayMost-linkDelayLeast)
		var err error
		if c.link, err = link.New(c.t.local, c.t.addr, delay, rate, c.t.catchUp); err != nil {
			return err
		}
		c.url = "ws://" + c.link.Addr()
		c.t.proxied++
	}
	return nil
}

// slowly returns a function that slows the reading of a socket: at some rate, with occasional pauses, until the clients
// must catch up.
func (t *torture) slowly(seed uint64) func(read int) {
	chance := rand.New(rand.NewPCG(t.cmd.Seed, seed))
	rate := readRateLeast + chance.IntN(readRateMost-readRateLeast)
	return func(read int) {
		d := time.Duration(read) * time.Second / time.Duration(rate)
		if chance.IntN(60) == 0 {
			d += time.Duration(chance.Int64N(int64(readPause)))
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-t.catchUp:
		}
	}
}

const (
	// One message in photoEvery carries a photo; one photo in largePhotoEvery is large.
	photoEvery      = 250
	largePhotoEvery = 12

	photoLeast, photoMost, largePhoto = 100 << 10, 1 << 20, 4 << 20 // bytes

	// mostPhotos limits how many copies a client may keep when it sends a photo, because it resends all of them after a
	// kill.
	mostPhotos = 4
)

// photoGrain returns the source of all photos. Their content does not matter, only that they differ. Of each six bits the first is
// 0, so that a photo has no markers of JPEG.
var photoGrain = sync.OnceValue(func() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
	grain := make([]byte, 4<<20)
	chacha := rand.NewChaCha8([32]byte{})
	chacha.Read(grain)
	for i, b := range grain {
		grain[i] = letters[b%32]
	}
	return string(grain)
})

// photo returns an image of a random size.
func (c *chatter) photo() string {
	size := photoLeast + c.chance.IntN(photoMost-photoLeast)
	if c.chance.IntN(largePhotoEvery) == 0 {
		size = largePhoto - c.chance.IntN(largePhoto/2)
	}
	size -= size % 4
	at := c.chance.IntN(len(photoGrain())-size+1) &^ 3
	return testcard.URI(photoGrain()[at : at+size])
}

// showsPhoto reports whether the next message carries a photo.
func (c *chatter) showsPhoto(copies []client.Body) bool {
	return c.t.injects(faultPhoto) && len(copies) < mostPhotos && !c.t.draining.Load() && c.chance.IntN(photoEvery) == 0
}
