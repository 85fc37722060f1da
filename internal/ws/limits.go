package ws

import (
	"errors"
	"time"

	"chatme/internal/network"
	"chatme/internal/protocol"
)

// Limits are the rules, keys, times and bounds that can change while an Endpoint runs. Sizes are bytes.
type Limits struct {
	Rules protocol.Rules
	Hello protocol.Hello // sent in every session_id and resumed; SessionID stays empty
	Keys  []string       // the API keys, at least one

	AuthTimeout     time.Duration // a socket that has not authenticated by then is closed with 4408
	DeadAfter       time.Duration // maximum silence of a resumable client
	DeadAfterLegacy time.Duration // maximum silence of a legacy client
	ProgressTimeout time.Duration // each 16 KiB of a frame must arrive, and each fragment leave, within it
	StallTimeout    time.Duration // a frame that waits for the budget is closed with 1013 after this long without any progress in the budget

	FrameBeforeMatch   int   // largest frame until the first matched on a connection
	MalformedPerMinute int   // one more is closed with 1008
	InFlightMax        int64 // bytes of large frames in memory, all connections together
	MaxConns           int   // sockets at a time; one more is refused with 503
	FailedKeys         int   // from one network; then 429
	NetworkSockets     int   // of one network while more than half of MaxConns is open; then 503; 0: no limit

	NetworkRates  network.Rates // of a network, and of a session; Keys follows FailedKeys
	Rates         Rates         // of a socket
	InFlightParts int           // a network holds at most one part in this many of InFlightMax, but always one largest frame
}

func (l *Limits) validate(frameMax int) error {
	switch {
	case len(l.Keys) == 0:
		return errors.New("ws: no key")
	case l.AuthTimeout <= 0 || l.DeadAfter <= 0 || l.DeadAfterLegacy <= 0 || l.ProgressTimeout <= 0 || l.StallTimeout <= 0:
		return errors.New("ws: a time is not positive")
	case l.FrameBeforeMatch <= 0 || frameMax < l.FrameBeforeMatch || l.InFlightMax < int64(frameMax) ||
		l.MaxConns <= 0 || l.FailedKeys <= 0 || l.MalformedPerMinute <= 0 || l.InFlightParts <= 0 || !l.Rates.isComplete():
		return errors.New("ws: a limit is not positive or less than what it must hold")
	}
	return nil
}

// replayMax returns how many bytes of large messages may be in memory.
func (l *Limits) replayMax(frameMax int) int64 { return max(int64(frameMax), l.InFlightMax/4) }

// shortest returns the shortest of the times that the keepalive enforces.
func (l *Limits) shortest(pingInterval time.Duration) time.Duration {
	return min(l.AuthTimeout, pingInterval, l.DeadAfter, l.ProgressTimeout)
}

// live is the current limits; immutable.
type live struct {
	Limits
	keys keyring
}

// keyInterval is how often a network that used up its failures may try again.
const keyInterval = time.Minute

func newLive(l Limits) *live {
	l.NetworkRates.Keys = network.NewRate(int64(l.FailedKeys), 1, keyInterval)
	return &live{Limits: l, keys: newKeyring(l.Keys)}
}

// SetLimits applies limits to all new events, on every socket. A socket that has authenticated stays, even if its key is
// removed.
func (e *Endpoint) SetLimits(limits Limits) error {
	if err := limits.validate(e.cfg.FrameMax); err != nil {
		return err
	}
	e.live.Store(newLive(limits))
	e.budget.resize(limits.InFlightMax, int64(limits.InFlightParts))
	e.replays.resize(limits.replayMax(e.cfg.FrameMax), 1)
	e.keepalive.speedUp(limits.shortest(e.cfg.PingInterval))
	return nil
}
