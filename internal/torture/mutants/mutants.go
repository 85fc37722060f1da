package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"chatme/internal/chat"
	"chatme/internal/exit"
	"chatme/internal/hub"
	"chatme/internal/store"
)

// mutantEnv names the bug; "list" prints the names of those that torture finds, one per line.
const mutantEnv = "CHATME_MUTANT"

// mutant is one seeded bug: what it does where the parts of the server meet. A nil hook does nothing there.
type mutant struct {
	does    string
	start   func(*store.Started)
	load    func(*chat.Saved)
	commit  func(s *seededDB, b *chat.Batch) error
	mail    func(s *seededDB, ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error
	attach  func(*chat.Auth)
	do      func(h *seededLobby, conn *seededConn, c *hub.Command) (swallowed bool) // may change c
	deliver func(c *seededConn, e hub.Event) (congested bool)
}

// mutants maps names to bugs. Some bugs live in other packages: sync-normal (store), which the power-loss harness
// finds, and those that one test each finds: held-is-last (chat), row-read-early (hub), edge-triggered,
// drops-over-rate and pong-of-earlier (ws).
var mutants = map[string]*mutant{
	// the disk
	"ack-before-commit":     {does: "a commit is reported done before it begins", commit: commitLater},
	"early-if-large":        {does: "a commit of more than three rows is reported done before it begins", commit: commitLargeLater},
	"send-before-commit":    {does: "frames leave before the commit they report", commit: commitSlowly, deliver: sendEarly},
	"row-missing":           {does: "a session is not written before its first chat", commit: writePairedOnly, load: notePaired},
	"queue-row-lost":        {does: "the row of a waiting session is written as idle", commit: alter(idleInstead)},
	"pair-row-lost":         {does: "the rows of a pair are written as unpaired", commit: alter(unpaired)},
	"letter-lost":           {does: "a mailbox entry is not written", commit: loseLetter},
	"retry-loses-letters":   {does: "a retried batch has lost its mailbox entries", commit: loseOnRetry},
	"letter-swapped":        {does: "a mailbox entry has the text of one in another chat", commit: swapLetters},
	"letter-in-log":         {does: "the text of a mailbox entry is logged", commit: logLetters},
	"receipt-ignored":       {does: "a confirmed mailbox entry is not deleted", commit: ignoreMailAcks, load: dropStrayMail},
	"mailbox-deleted-early": {does: "the mailbox is emptied before it is sent", mail: deleteFirst},
	"replay-skips-one":      {does: "one entry of a mailbox is not sent", mail: skipOne},
	"replay-doubled":        {does: "each entry of a mailbox is sent twice", mail: yieldTwice},
	"pair-forgotten":        {does: "a pair is not restored", load: forgetPair},
	"chat-ended-by-restart": {does: "a pair is restored as two waiting sessions", load: endPair},
	"waiting-forgotten":     {does: "waiting sessions are not restored", load: forgetWaiting},
	"epoch-changes":         {does: "every start has a new epoch", start: changeEpoch},
	// the lobby
	"lifo":             {does: "the last session to search is matched first", do: lastComeFirst, deliver: swallowSearching},
	"fenced-stays":     {does: "a replaced socket still acts for its session", do: leadFenced},
	"self-match":       {does: "a session is its own partner", do: matchSelf},
	"lost-socket-ends": {does: "a lost socket ends its session", do: endLost},
	"search-dropped":   {does: "a search is ignored", do: dropSearch},
	"claim-ignored":    {does: "what a resuming receiver claims to have is ignored", attach: ignoreClaim},
	"acked-ignored":    {does: "what a resuming sender was told is ignored", attach: ignoreAcked},
	// what the clients are told
	"matched-one-side":            {does: "only one side is told of a match", deliver: drop(chat.Matched, 6)},
	"partner_disconnected-lost":   {does: "one side is not told that its chat is over", deliver: drop(chat.PartnerDisconnected, 4)},
	"message-lost":                {does: "a message is not sent", deliver: drop(chat.Message, 10)},
	"message-corrupted":           {does: "a message is cut short", deliver: cutMessage},
	"delivered-twice":             {does: "a message is sent twice", deliver: deliverTwice},
	"delivered-to-former-partner": {does: "a message is also sent to the writer's previous partner", deliver: deliverToFormer},
	"delivered-to-third":          {does: "a message is also sent to a third session, as if from its own partner", deliver: deliverToThird},
	"reordered":                   {does: "two messages are swapped", deliver: reorder},
	"gap-instead-of-body":         {does: "a message is replaced by a gap", deliver: gapInstead},
	"replay-after-live":           {does: "a mailbox is sent after a later message", deliver: replayBehind(chat.Message)},
	"replay-after-end":            {does: "a mailbox is sent after partner_disconnected", deliver: replayBehind(chat.PartnerDisconnected)},
	"recv-falls":                  {does: "custody moves backwards", deliver: custody(-1)},
	"recv-too-high":               {does: "custody is reported for a message that has not arrived", deliver: custody(+1)},
	"session-id-as-alias":         {does: "a session ID is sent as an alias", deliver: aliasSecret},
}

// seed is this process's bug, or nil. It is chosen before main begins.
var seed, seedName = chooseSeed()

// chooseSeed removes the variable from the environment, because it is not a setting of the server.
func chooseSeed() (*mutant, string) {
	name := os.Getenv(mutantEnv)
	os.Unsetenv(mutantEnv)
	m := mutants[name]
	switch {
	case name == "list":
		for _, each := range mutantNames() {
			fmt.Println(each)
		}
		os.Exit(exit.OK)
	case name != "" && m == nil:
		fmt.Fprintf(os.Stderr, "chatme: %s: unknown mutant %q; choose one of %s\n", mutantEnv, name, strings.Join(mutantNames(), " "))
		os.Exit(exit.Config)
	case m == nil:
		m = &mutant{}
	}
	return m, name
}

// mutantNames returns the names of the bugs that torture must find.
func mutantNames() []string {
	return slices.Sorted(maps.Keys(mutants))
}

// chances counts the opportunities for the bug to strike.
var chances atomic.Uint64

// strikes returns true once in every calls, so that the server works well enough most of the time.
func strikes(every uint64) bool { return chances.Add(1)%every == 0 }
