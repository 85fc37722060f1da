package explore

import (
	"strings"
	"time"
)

// plan is a small scenario: the guests, how often each action may happen, and which delays the world has.
type plan struct {
	name    string
	guests  string // the kind of each
	matched int    // this many are connected and searching when it begins, and matched if they are two
	talk    string // the names of the guests that send messages; "": all
	limits
	mailbox  int  // messages
	ring     int  // messages
	pipeline int  // batches under way
	lag      bool // client frames may wait before the server reads them
	slow     bool // server frames may wait too, and a replay is sent entry by entry
	late     bool // a tick may come late
	keeps    bool // clients continue to name a chat that they have left
	total    int  // messages in all rings, and in all mailboxes, together
	entry    int  // bytes; every second message is larger than the mailbox takes; 0: none is
	ttl      time.Duration
	bug      breakage
}

func (p *plan) talks(g int) bool { return p.talk == "" || strings.ContainsRune(p.talk, rune('a'+g)) }

// plans are explored exhaustively within the time limit, and then at random.
var plans = []plan{
	{name: "drop", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 2}},
	{name: "cut", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, breaks: 1}, lag: true},
	{name: "both drop", guests: "rr", matched: 2, limits: limits{says: 2, drops: 2}, lag: true},
	{name: "slow replay", guests: "rr", matched: 2, talk: "a", limits: limits{says: 3, drops: 2}, slow: true},
	{name: "kill", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, kills: 1}},
	{name: "two kills", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, kills: 2}},
	{name: "kill in flight", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, kills: 1}, lag: true, slow: true},
	{name: "stop", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, stops: 1}, lag: true},
	{name: "stop and kill", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, stops: 1, kills: 1}},
	{name: "full", guests: "rr", matched: 2, talk: "a", limits: limits{says: 3, drops: 2, retries: 1}, mailbox: 1},
	{name: "full and killed", guests: "rr", matched: 2, talk: "a", limits: limits{says: 3, drops: 1, retries: 1, kills: 1}, mailbox: 1},
	{name: "small ring", guests: "rr", matched: 2, talk: "a", limits: limits{says: 3, drops: 1, retries: 1}, ring: 1, lag: true},
	{name: "next", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, presses: 1}, lag: true},
	{name: "next and kill", guests: "rr", matched: 2, talk: "a", limits: limits{says: 1, drops: 1, presses: 1, kills: 1}},
	{name: "next with three", guests: "rrr", matched: 3, talk: "ac", limits: limits{says: 2, drops: 1, presses: 1}},
	{name: "next with three and kill", guests: "rrr", matched: 3, talk: "a", limits: limits{says: 1, drops: 1, presses: 1, kills: 1}},
	{name: "end", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, ends: 1, kills: 1}},
	{name: "quit and sleep", guests: "rr", matched: 2, talk: "a", limits: limits{says: 1, quits: 1, sleeps: 1, ticks: 1}},
	{name: "expiry", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, ticks: 2}, lag: true},
	{name: "expiry and kill", guests: "rr", matched: 2, talk: "a", limits: limits{says: 1, drops: 1, ticks: 2, kills: 1}},
	{name: "expiry with three", guests: "rrr", matched: 3, talk: "a", limits: limits{says: 1, drops: 1, ticks: 2, presses: 1}},
	{name: "session expires", guests: "rr", matched: 2, talk: "a", limits: limits{says: 1, drops: 1, ticks: 3}, ttl: time.Minute},
	{name: "used up", guests: "rr", matched: 2, talk: "a", limits: limits{says: 1, bad: 1, drops: 1, kills: 1}},
	{name: "old receiver", guests: "ro", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, ticks: 1}, lag: true},
	{name: "old sender", guests: "or", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, ticks: 1}, lag: true},
	{name: "old sender, full", guests: "or", matched: 2, talk: "a", limits: limits{says: 3, drops: 1, kills: 1}, mailbox: 1},
	{name: "too large", guests: "rr", matched: 2, talk: "a", limits: limits{says: 3, drops: 2, retries: 1}, entry: 10},
	{name: "too large and killed", guests: "rr", matched: 2, talk: "a", limits: limits{says: 3, drops: 1, retries: 1, kills: 1}, entry: 10},
	{name: "old sender, too large", guests: "or", matched: 2, talk: "a", limits: limits{says: 3, drops: 1, kills: 1}, entry: 10},
	{name: "old and kill", guests: "ro", matched: 2, limits: limits{says: 2, drops: 1, kills: 1, stops: 1}},
	{name: "old, next, three", guests: "oro", matched: 3, limits: limits{says: 2, presses: 2}, lag: true},
	{name: "two old", guests: "oo", matched: 2, limits: limits{says: 2, drops: 1, presses: 1, ticks: 1}, lag: true},
	{name: "settling", guests: "oror", matched: 2, talk: "a", limits: limits{says: 2, presses: 2}, lag: true},
	{name: "settling behind a commit", guests: "oo", matched: 2, talk: "a", limits: limits{says: 2, presses: 2}, lag: true, slow: true},
	{name: "settling with three", guests: "ooo", matched: 3, talk: "a", limits: limits{says: 2, presses: 2}, lag: true, slow: true},
	{name: "newest pong only", guests: "nro", matched: 3, talk: "a", limits: limits{says: 2, presses: 2, ticks: 1}, lag: true, slow: true},
	{name: "pong first", guests: "joo", matched: 3, talk: "a", limits: limits{says: 3, presses: 1}, lag: true, slow: true},
	{name: "pong amid", guests: "foo", matched: 3, talk: "a", limits: limits{says: 2, presses: 1}, lag: true, slow: true},
	{name: "pings eaten", guests: "moo", matched: 3, talk: "a", limits: limits{says: 2, presses: 1, pings: 1, ticks: 3}, lag: true},
	{name: "pings held up", guests: "doo", matched: 3, talk: "a", limits: limits{says: 2, presses: 1, pings: 1, ticks: 2}, lag: true},
	{name: "old ghost", guests: "oo", matched: 1, limits: limits{says: 1, drops: 1, waits: 2, ticks: 2}, lag: true},
	{name: "silence", guests: "rr", matched: 1, limits: limits{drops: 2, waits: 1, ticks: 3, presses: 2}, lag: true},
	{name: "liar", guests: "rl", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, lies: 2}},
	{name: "liar speaks", guests: "rl", matched: 2, limits: limits{says: 1, drops: 1, lies: 2, presses: 1}},
	{name: "liar and kill", guests: "rl", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, lies: 1, kills: 1}},
	{name: "restore", guests: "rr", matched: 2, talk: "a", limits: limits{says: 2, drops: 1, backups: 1, restores: 1}},
	{name: "restore and next", guests: "rr", matched: 2, talk: "a", limits: limits{says: 1, drops: 1, presses: 1, backups: 1, restores: 1}},
	{name: "restore after all", guests: "rr", matched: 0, talk: "a", limits: limits{says: 1, drops: 1, presses: 2, backups: 1, restores: 1}},
	{name: "from nothing", guests: "rr", matched: 0, talk: "a", limits: limits{says: 1, drops: 1, presses: 2, kills: 1}},
	{name: "topics", guests: "rr", matched: 0, limits: limits{prefers: 2, presses: 3, ticks: 3, drops: 1}},
	{name: "topics, three and an old one", guests: "rrro", matched: 0, limits: limits{prefers: 3, presses: 4, ticks: 3, kills: 1}, lag: true},
	{name: "three from nothing", guests: "rrr", matched: 1, talk: "a", limits: limits{says: 1, drops: 1, presses: 3}},
}

// long is the limits of random walks: the guests of every plan with many of all actions.
var long = limits{
	says: 12, bad: 1, prefers: 3, presses: 4, ends: 1, quits: 1, sleeps: 1, lies: 6, drops: 6, breaks: 3, retries: 6, ticks: 6, waits: 3, pings: 3,
	kills: 3, stops: 2, backups: 1, restores: 1,
}

// crowds lists the guests of random walks.
var crowds = []string{"rr", "rrr", "ro", "oo", "rl", "rro", "roo", "rrl", "rol", "rrrr", "ooo", "njf", "oorj", "mof", "doro", "nfro"}

// sized sets the limits that a plan leaves open.
func (p plan) sized() *plan {
	if p.mailbox == 0 {
		p.mailbox = 3
	}
	if p.ring == 0 {
		p.ring = 3
	}
	if p.pipeline == 0 {
		p.pipeline = 2
	}
	if p.total == 0 {
		p.total = 1000
	}
	return &p
}
