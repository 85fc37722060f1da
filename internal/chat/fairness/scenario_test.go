package fairness

import (
	"time"

	"chatme/internal/chat"
)

// scenario is who is on the site.
type scenario struct {
	name    string
	people  int
	sharing int     // people who share one address: that of the bots, if there are any
	theirs  bool    // their wait is measured, not that of all people
	wave    float64 // by which factor their number falls within an hour, and rises in the next; 0: it stays

	bots       int
	addresses  int // of theirs
	renewAfter int // chats, in a new session; 0: never
	tactics    tactics
	atOnce     bool          // they come, and press Next, all at once
	since      time.Duration // when they come
	stays      time.Duration // how long they stay; 0: until the end
	collude    bool          // they recognize each other, and have proper chats
}

var scenarios = []scenario{
	{name: "20 people, 1 address", people: 20, bots: 200, addresses: 1},
	{name: "100 people, 1 address", people: 100, bots: 200, addresses: 1},
	{name: "400 people, 1 address", people: 400, bots: 200, addresses: 1},
	{name: "100 people, 1 address, silent bots that stay", people: 100, bots: 200, addresses: 1, tactics: stay},
	{name: "100 people, 20 addresses", people: 100, bots: 200, addresses: 20},
	{name: "100 people, 200 addresses", people: 100, bots: 200, addresses: 200},
	{name: "100 people, 200 addresses, new sessions", people: 100, bots: 200, addresses: 200, renewAfter: 4},
	{name: "20 people, 200 addresses, new sessions", people: 20, bots: 200, addresses: 200, renewAfter: 4},
	{name: "400 people, 200 addresses, new sessions", people: 400, bots: 200, addresses: 200, renewAfter: 4},
	{name: "100 people, 200 addresses, silent leavers", people: 100, bots: 200, addresses: 200, tactics: mute},
	{name: "100 people, 200 addresses, new sessions, 80 % answer the bots", people: 100, bots: 200, addresses: 200, renewAfter: 4, tactics: greet},
	{name: "100 people, 20 addresses, a daily wave", people: 100, wave: 4, bots: 200, addresses: 20},
	{name: "100 people, 20 addresses, all bots at once, from 40 min on, for 70 min", people: 100, bots: 200, addresses: 20, atOnce: true,
		since: 40 * time.Minute, stays: 70 * time.Minute},
	{name: "50 of 100 people behind one address, no bots: their wait", people: 100, sharing: 50, theirs: true},
	{name: "10 of 100 people behind one address, no bots: their wait", people: 100, sharing: 10, theirs: true},
	{name: "20 of 100 people share the bots' only address", people: 100, sharing: 20, bots: 200, addresses: 1},
	{name: "20 of 100 people share the bots' only address: their wait", people: 100, sharing: 20, theirs: true, bots: 200, addresses: 1},
}

// quiet is the scenario without bots, each person with an address.
func (s scenario) quiet() scenario {
	return scenario{people: s.people, wave: s.wave, since: s.since}
}

// paced is the default of chat.Limits.MatchEvery.
const paced = 3 * time.Second

// play returns how long people wait in s, in so many hours of the attack.
func (s scenario) play(m manners, mode chat.LowPriority, seed uint64, hour int) *waits {
	w := newWorld(s, m, mode, paced, seed)
	for i := range hours {
		w.waits.from[i] = start.Add(s.since + warmUp + time.Duration(i)*time.Hour)
		w.waits.until[i] = w.waits.from[i].Add(time.Hour)
	}
	w.play(s.since + warmUp + time.Duration(hour)*time.Hour)
	return &w.waits
}

// play lets everyone come, and the time pass.
func (w *world) play(d time.Duration) {
	w.peopleArrive()
	if w.bots > 0 {
		w.after(w.since, nil, (*world).botsArrive)
	}
	w.run(d)
	if err := w.lobby.Check(); err != nil {
		panic(err)
	}
	for _, p := range w.crowd.all {
		w.found(p) // what they have waited so far counts
	}
}
