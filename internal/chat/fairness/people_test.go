package fairness

import (
	"math"
	"time"

	"chatme/internal/chat"
)

// What people do. None of it is measured on a site; the table varies what matters most, manners.q.
const (
	reloads = 0.1 // how often a person goes on in a new session

	// A chat that ends within seconds lasts 2 s and 4 s more on average, 15 s at most; each of the two writes a message in half of them.
	brief, briefMean, briefMax = 2 * time.Second, 4 * time.Second, 15 * time.Second
	writesInBrief              = 0.5
	// Every other chat lasts a minute and three more on average; both write three messages within 40 s.
	longer, longerMean = time.Minute, 3 * time.Minute

	// A person notices a bot after 1.5 s and 3.5 s more on average, and leaves.
	notices, noticesMean = 1500 * time.Millisecond, 3500 * time.Millisecond
	// How often a person has written something before: half as often to a silent bot as to a person, seldom to one that
	// advertises, and mostly to one that says hello.
	writesToMute, writesToAdvert, writesToGreeter = 0.3, 0.1, 0.8
)

// manners are how people treat each other.
type manners struct {
	q float64 // the share of chats between people that end within seconds
}

// peopleMeet plans the chat of two people, who look no longer.
func (w *world) peopleMeet(a, b *actor) {
	for _, s := range [...]*actor{a, b} {
		w.found(s)
	}
	leaver := a
	if w.chance(0.5) {
		leaver = b
	}
	if w.chance(w.manners.q) {
		for _, s := range [...]*actor{a, b} {
			if w.chance(writesInBrief) {
				w.writes(s, time.Second, 2*time.Second)
			}
		}
		w.after(min(brief+w.about(briefMean), briefMax), leaver, next)
		return
	}
	for _, s := range [...]*actor{a, b} {
		w.writes(s, 1*time.Second, 6*time.Second)
		w.writes(s, 6*time.Second, 18*time.Second)
		w.writes(s, 18*time.Second, 40*time.Second)
	}
	w.after(longer+w.about(longerMean), leaver, next)
}

// crowd is the people, of whom some may be at home.
type crowd struct {
	all    []*actor
	home   []*actor
	online int
}

// arrives opens the site for everyone within ten seconds.
func (w *world) peopleArrive() {
	for i := range w.people {
		p := &actor{network: chat.Network(1_000_000 + i), shares: i < w.sharing}
		switch {
		case p.shares && w.bots > 0:
			p.network = botNetwork
		case p.shares:
			p.network = 1
		}
		w.crowd.all = append(w.crowd.all, p)
		w.crowd.online++
		w.after(w.between(0, 10*time.Second), p, comes)
	}
	if w.wave > 0 {
		w.after(10*time.Second, nil, fill)
	}
}

func comes(w *world, p *actor) {
	w.attach(p)
	p.looking, p.passed = w.now, 0
	w.search(p)
}

// target returns how many people are online at this hour: all of them at first, and fewer by a factor of wave an hour later.
func (w *world) target() int {
	if w.wave == 0 {
		return w.people
	}
	hours := float64(w.now-start) / float64(time.Hour.Milliseconds())
	least := 1 / w.wave
	return int(float64(w.people) * (least + (1-least)*(1+math.Cos(math.Pi*hours))/2))
}

func (c *crowd) tooMany(w *world) bool { return w.wave > 0 && c.online > w.target() }

// goesHome ends the visit of p, which is between two chats or at the end of one.
func (w *world) goesHome(p *actor) {
	w.detach(p)
	p.looking = 0
	w.crowd.online--
	w.crowd.home = append(w.crowd.home, p)
}

// fill brings people online.
func fill(w *world, _ *actor) {
	for c := &w.crowd; c.online < w.target(); c.online++ {
		p := c.home[0]
		c.home = c.home[1:]
		comes(w, p)
	}
	w.after(10*time.Second, nil, fill)
}
