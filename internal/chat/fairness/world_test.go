package fairness

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"time"

	"chatme/internal/chat"
)

// world is a lobby, a clock, and everyone who uses the lobby: people and bots.
type world struct {
	lobby   *chat.Lobby
	batch   chat.Batch
	now     chat.Time
	rng     *rand.Rand
	actors  []*actor // by Conn, from 1
	aliases uint64
	steps   int
	pending agenda

	scenario
	manners manners
	waits   waits
	crowd   crowd
}

const start chat.Time = 1_700_000_000_000

func newWorld(s scenario, m manners, mode chat.LowPriority, pace time.Duration, seed uint64) *world {
	w := &world{now: start, rng: rand.New(rand.NewPCG(seed, 0)), actors: []*actor{nil}, scenario: s, manners: m}
	w.lobby = chat.New(chat.Config{
		NewAlias: func() chat.Alias {
			w.aliases++
			return chat.Alias(strconv.FormatUint(w.aliases, 36))
		},
		Epoch: "e", Boot: 1, Since: 1, SessionTTL: 24 * time.Hour,
		Limits: chat.Limits{ // the defaults
			IdleAfter: 10 * time.Minute, ChatWindow: 2 * time.Minute, ChatWindowLegacy: 30 * time.Second, AwayAfter: time.Second,
			QueueWindow: 30 * time.Second, SleepMax: 10 * time.Minute, OpenAfter: 5 * time.Second, LateAfter: 10 * time.Second,
			MatchEvery: pace, MatchBurst: 10, RematchAfter: 10 * time.Second, RecentFor: 5 * time.Minute,
			SettleTimeout: 2 * time.Second, LowPriority: mode,
			RingMessages: 200, RingBytes: 1 << 20, RingTotal: 1 << 30, MailboxMessages: 200, MailboxBytes: 1 << 20,
			MailTotal: 1 << 30, EntryMax: 1 << 20,
		},
	})
	return w
}

// run lets the time pass until d after the start.
func (w *world) run(d time.Duration) {
	end := start.Add(d)
	for {
		due, ok := w.lobby.NextDeadline()
		at, planned := w.pending.first()
		switch {
		case ok && due <= end && (!planned || due <= at):
			w.now = max(w.now, due)
			w.step(chat.Command{Op: chat.Tick})
		case planned && at <= end:
			p := w.pending.pop()
			w.now = max(w.now, p.at)
			if p.who == nil || p.who.plan == p.plan {
				p.do(w, p.who)
			}
		default:
			w.now = end
			return
		}
	}
}

// step gives the lobby a command, and tells the actors what came of it. Actors only plan: they act later.
func (w *world) step(c chat.Command) {
	for _, e := range w.lobby.Step(chat.At(w.now), &c).Events {
		switch e.Kind {
		case chat.Matched:
			partner, _ := w.lobby.PartnerOf(e.Conn)
			w.matched(w.actors[e.Conn], w.actors[partner])
		case chat.PartnerDisconnected:
			w.alone(w.actors[e.Conn])
		}
	}
	if w.steps++; w.steps%64 == 0 {
		w.lobby.TakeBatch(&w.batch)
		w.lobby.Committed(w.batch.N)
	}
}

// attach opens a new session for a.
func (w *world) attach(a *actor) {
	a.conn, a.chats = chat.ConnID(len(w.actors)), 0
	w.actors = append(w.actors, a)
	var h chat.Hash
	binary.BigEndian.PutUint64(h[:], uint64(a.conn))
	w.step(chat.Command{Op: chat.Attach, Conn: a.conn, Auth: &chat.Auth{Resumable: true, Fresh: h, Network: a.network}})
}

// detach ends the session of a.
func (w *world) detach(a *actor) {
	a.plan++
	a.partner = nil
	w.step(chat.Command{Op: chat.Detach, Conn: a.conn, Leaves: true})
}

// between returns a duration, each as likely.
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rng.Int64N(int64(to-from)))
}

// about returns a duration of an exponential distribution.
func (w *world) about(mean time.Duration) time.Duration {
	return time.Duration(w.rng.ExpFloat64() * float64(mean))
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// after plans that a does something, unless a new chat begins, or this one ends, before.
func (w *world) after(d time.Duration, a *actor, do func(*world, *actor)) {
	p := planned{at: w.now.Add(d), who: a, do: do}
	if a != nil {
		p.plan = a.plan
	}
	w.pending.push(p)
}
