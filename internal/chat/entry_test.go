package chat_test

import (
	"testing"

	"chatme/internal/chat/rig"
)

// A message that is too large to be held is refused, before its receiver goes away or after. Its sender keeps it, and
// smaller messages are held.
func TestEntryTooLargeToHold(t *testing.T) {
	p := newParty(t)
	cfg := rig.Timing(p.Boot)
	cfg.EntryMax = 4
	p.Lobby.SetLimits(cfg.Limits)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	a.number(1, "larger")
	a.heard = nil
	b.drop()
	a.wants("error mailbox_full n=1", "partner_away until +2m0s")
	a.heard = nil
	a.number(1, "larger")
	a.wants("error mailbox_full n=1")
	a.heard = nil
	a.number(1, "held")
	a.wants("ack recv=1 delivered=0")
}
