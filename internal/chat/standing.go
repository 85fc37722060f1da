package chat

import (
	"math"
	"time"
)

// Standing is how well the latest chats of a session, and of its network, went, compared with what sessions that have had
// proper chats experience on this server. A session that stands out is matched in the low-priority pool: with others
// in it at once, and with the rest for a small share of their matches. No session is refused, and no message is
// dropped. docs/fairness.md has the rule, why it is so, and what it does against an attack.

// LowPriority is what the lobby does with sessions that stand out.
type LowPriority uint8

const (
	LowPriorityWatch LowPriority = iota // counts them
	LowPriorityOn                       // matches them in the low-priority pool
	LowPriorityOff                      // no session stands out
)

// String returns the name of the mode in the settings.
func (p LowPriority) String() string { return [...]string{"watch", "on", "off"}[p] }

const (
	// A chat is proper if it lasts properFor and both sides write properWords messages, and they come from different
	// networks: otherwise sessions of one network could prove each other.
	properFor   = 20 * time.Second
	properWords = 2

	// A streak is as long as one proven session in oddsOfStreak has it: at least needMin and at most needMax.
	oddsOfStreak     = 1e4
	needMin, needMax = 6, 96
	// outcomesKept is over how many outcomes the share of bad ones fades; firstShare is the share at the start, and counts
	// like firstOutcomes of them.
	outcomesKept  = 500
	firstOutcomes = 20
	firstShare    = 0.85

	// The streaks of a network, and of a session that is not proven, lapse without a chat, and not without an outcome: in the
	// low-priority pool they seldom meet a judge, and would leave it for that. Those of a proven session, which may be there
	// by bad luck and among bots, lapse without an outcome.
	streakFor        = 10 * time.Minute // after how long a session's lapse…
	networkStreakFor = time.Hour        // … and a network's
	networksKept     = 1 << 16          // networks remembered; those without a chat for the longest time are forgotten first

	// The low-priority pool as a whole is matched with the main pool once in tokenEvery, and in lowShare of the main pool's
	// matches if that is more.
	tokenEvery = 15 * time.Second
	lowShare   = 0.05
)

// badness is what a chat can lack, as the other side sees it.
type badness uint8

const (
	ignored   badness = iota // the other side wrote nothing
	short                    // the chat was not proper
	badnesses = 2
)

// streaks are how many chats in a row were bad, in each way.
type streaks struct {
	n    [badnesses]uint8
	last Time // since when they can lapse; 0: never
}

// lapse forgets streaks that are too old.
func (k *streaks) lapse(now Time, after time.Duration) {
	if k.last != 0 && now >= k.last.Add(after) {
		*k = streaks{}
	}
}

// add counts a chat. A streak that becomes as long as needed counts an eighth more from then on: what is needed varies with
// the latest outcomes, and would let go of a session that is no longer judged.
func (k *streaks) add(bad [badnesses]bool, need [badnesses]uint8) {
	for kind, is := range bad {
		switch n := &k.n[kind]; {
		case !is:
			*n = 0
		case *n+1 == need[kind]:
			*n += 1 + need[kind]/8
		case *n < math.MaxUint8:
			*n++
		}
	}
}

// atLeast reports whether one of the streaks is as long as needed, in parts of 1/share.
func (k *streaks) atLeast(need [badnesses]uint8, share int) bool {
	for kind, n := range k.n {
		if int(n)*share >= int(need[kind]) {
			return true
		}
	}
	return false
}

// standings is what the lobby knows about how chats go here.
type standings struct {
	bad      [badnesses]share // among proven sessions in the main pool
	need     [badnesses]uint8 // the streaks from which on a session stands out
	networks networks
	tokens   tokens
}

func newStandings() standings {
	var s standings
	for kind := range s.bad {
		s.bad[kind] = share{p: firstShare, n: firstOutcomes}
		s.need[kind] = s.bad[kind].need()
	}
	return s
}

// share is a share that fades.
type share struct {
	p float64
	n int // outcomes so far
}

func (s *share) add(bad bool) {
	s.n = min(s.n+1, outcomesKept)
	x := 0.0
	if bad {
		x = 1
	}
	s.p += (x - s.p) / float64(s.n)
}

// need returns how long a streak is that one in oddsOfStreak has, if each outcome is bad with probability p.
func (s *share) need() uint8 {
	if s.p <= 0 {
		return needMin
	}
	n := math.Ceil(math.Log(1/oddsOfStreak) / math.Log(s.p))
	if math.IsInf(n, 0) || n > needMax {
		return needMax
	}
	return uint8(max(n, needMin))
}

// judge records, once, how the chat of a and b goes: as soon as it is proper, or else when it ends. If every chat were judged
// at its end, a new server would count the shortest first, and new sessions would become judges late. Each is a judge of the
// other, if it is proven and in the main pool: otherwise an attacker's sessions could speak ill of everyone.
func (l *Lobby) judge(a, b *session) {
	if l.cfg.LowPriority == LowPriorityOff || !a.out.seen || a.out.judged {
		return
	}
	a.out.judged, b.out.judged = true, true
	proper := l.proper(a, b)
	judges := [...]bool{a.trusted(l), b.trusted(l)}
	for i, s := range [...]*session{a, b} {
		if !judges[1-i] {
			l.keepStreaks(s)
			continue
		}
		bad := [badnesses]bool{ignored: s.partner.out.last == 0, short: !proper}
		if judges[i] {
			for kind, is := range bad {
				l.standings.bad[kind].add(is)
				l.standings.need[kind] = l.standings.bad[kind].need()
			}
		}
		s.streaks.lapse(l.now, streakFor)
		s.streaks.add(bad, l.standings.need)
		s.streaks.last = l.now
		if k := l.standings.networks.of(s.network, l.now); k != nil {
			k.add(bad, l.standings.need)
			k.last = l.now
		}
	}
	if !proper {
		return
	}
	for _, s := range [...]*session{a, b} {
		s.streaks, s.proven = streaks{last: l.now}, true
		if k := l.standings.networks.of(s.network, l.now); k != nil {
			*k = streaks{last: l.now}
		}
	}
}

// proper reports whether the chat of a and b is proper by now.
func (l *Lobby) proper(a, b *session) bool {
	return l.now >= a.out.began.Add(properFor) && a.out.last >= properWords && b.out.last >= properWords &&
		a.network != 0 && b.network != 0 && a.network != b.network
}

// appraise judges the chat of s, which has written, if it is proper now.
func (l *Lobby) appraise(s *session) {
	if !s.out.judged && l.proper(s, s.partner) {
		l.judge(s, s.partner)
	}
}

// keepStreaks keeps the streaks of s and its network, if they have not lapsed, for a chat that ends without a judge.
func (l *Lobby) keepStreaks(s *session) {
	if s.streaks.lapse(l.now, streakFor); !s.proven {
		s.streaks.last = l.now
	}
	if l.standings.networks.find(s.network, l.now) != nil {
		l.standings.networks.of(s.network, l.now).last = l.now
	}
}

// trusted reports whether s can judge: it has had a proper chat, and is in the main pool.
func (s *session) trusted(l *Lobby) bool { return (s.proven || allJudge) && !s.standsOut(l) }

// standsOut reports whether s, or its network, has a streak that is too long. A proven session does not answer for its
// network, as long as it is far from standing out itself.
func (s *session) standsOut(l *Lobby) bool {
	if l.cfg.LowPriority == LowPriorityOff {
		return false
	}
	need := l.standings.need
	s.streaks.lapse(l.now, streakFor)
	if s.streaks.atLeast(need, 1) {
		return true
	}
	k := l.standings.networks.find(s.network, l.now)
	return k != nil && k.atLeast(need, 1) && !(s.proven && !s.streaks.atLeast(need, 2))
}

// noteStanding reports that s has begun or ceased to stand out since its last chat ended.
func (l *Lobby) noteStanding(s *session) {
	if out := s.standsOut(l); out != s.noted {
		s.noted = out
		l.note(Fact{Kind: FactStanding, Session: s.Hash, Network: s.network, StandsOut: out})
	}
}

// poolOf returns the pool in which s is matched.
func (l *Lobby) poolOf(s *session) pool {
	if l.cfg.LowPriority == LowPriorityOn && s.standsOut(l) {
		return lowPool
	}
	return mainPool
}

// mixes reports whether a session of one pool may be matched with one of the other now.
func (l *Lobby) mixes() bool {
	return l.cfg.LowPriority == LowPriorityOn && l.now >= l.standings.tokens.next
}

// tokens are the matches between the two pools.
type tokens struct {
	next  Time // no such match before this
	due   Time // when one becomes possible and is looked for; 0: it was
	pairs [2]int
	since Time   // of pairs: those of the minute that began then, and of the one before
	spent uint64 // such matches so far
}

// count counts a match within the main pool.
func (t *tokens) count(now Time) {
	t.turn(now)
	t.pairs[0]++
}

func (t *tokens) turn(now Time) {
	switch minute := Time(time.Minute.Milliseconds()); {
	case now >= t.since+2*minute:
		t.pairs, t.since = [2]int{}, now
	case now >= t.since+minute:
		t.pairs, t.since = [2]int{0, t.pairs[0]}, t.since+minute
	}
}

// spend records a match between the pools, and when the next may be.
func (t *tokens) spend(now Time) {
	t.turn(now)
	t.spent++
	minute := float64(time.Minute.Milliseconds())
	perMinute := float64(t.pairs[0]) + float64(t.pairs[1])*(1-float64(now-t.since)/minute)
	every := float64(tokenEvery.Milliseconds())
	if perMinute > 0 {
		every = min(every, minute/(lowShare*perMinute))
	}
	t.next = now + Time(max(every, 1))
	t.due = t.next
}
