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

// mutantEnv names the bug; "list" lists those that torture finds, one a line.
const mutantEnv = "CHATME_MUTANT"

// mutant is one seeded bug: what it does at the places where the parts of the server meet. nil does nothing there.
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

// mutants is every bug by its name but those that other packages have: sync-normal (store), which the power-loss harness finds, and those
// that a test each finds: held-is-last (chat), row-read-early (hub), edge-triggered and pong-of-earlier (ws).
var mutants = map[string]*mutant{
	// the disk
	"ack-before-commit":     {does: "a commit is said to be done before it is begun", commit: commitLater},
	"early-if-large":        {does: "a commit of more than three rows is said to be done before it is begun", commit: commitLargeLater},
	"send-before-commit":    {does: "frames leave before the commit they tell of", commit: commitSlowly, deliver: sendEarly},
	"queue-row-lost":        {does: "the row of a waiting session says that it is idle", commit: alter(idleInstead)},
	"pair-row-lost":         {does: "the rows of a pair say that it does not exist", commit: alter(unpaired)},
	"letter-lost":           {does: "a letter is not written", commit: loseLetter},
	"retry-loses-letters":   {does: "a batch that is tried again has lost its letters", commit: loseOnRetry},
	"letter-swapped":        {does: "a letter has the text of one in another chat", commit: swapLetters},
	"letter-in-log":         {does: "the text of a letter is logged", commit: logLetters},
	"receipt-ignored":       {does: "a letter that is confirmed is not deleted", commit: ignoreReceipts, load: dropStrayMail},
	"mailbox-deleted-early": {does: "the mailbox is emptied when it is to be sent", mail: deleteFirst},
	"replay-skips-one":      {does: "one letter of a mailbox is not sent", mail: skipOne},
	"replay-doubled":        {does: "each letter of a mailbox is sent twice", mail: yieldTwice},
	"pair-forgotten":        {does: "a pair is not restored", load: forgetPair},
	"chat-ended-by-restart": {does: "a pair is restored as two who wait", load: endPair},
	"waiting-forgotten":     {does: "those who wait are not restored", load: forgetWaiting},
	"epoch-changes":         {does: "every start has another epoch", start: changeEpoch},
	// the lobby
	"lifo":             {does: "the last who came is served first", do: lastComeFirst, deliver: swallowSearching},
	"fenced-stays":     {does: "a socket that was replaced still leads to its session", do: leadFenced},
	"self-match":       {does: "a session is its own partner", do: matchSelf},
	"lost-socket-ends": {does: "a socket that is lost ends its session", do: endLost},
	"search-dropped":   {does: "a search is not heard", do: dropSearch},
	"claim-ignored":    {does: "what a receiver that comes back claims to have is not believed", attach: ignoreClaim},
	"acked-ignored":    {does: "what a sender that comes back was told is not believed", attach: ignoreAcked},
	// what is told
	"matched-one-side":            {does: "one side only hears of a match", deliver: drop(chat.Matched, 6)},
	"partner_disconnected-lost":   {does: "one side does not hear that its chat is over", deliver: drop(chat.PartnerDisconnected, 4)},
	"message-lost":                {does: "a message is not sent", deliver: drop(chat.Message, 10)},
	"message-corrupted":           {does: "a message is cut short", deliver: cutMessage},
	"delivered-twice":             {does: "a message is sent twice", deliver: deliverTwice},
	"delivered-to-former-partner": {does: "a message is sent to the writer's last partner too", deliver: deliverToFormer},
	"delivered-to-third":          {does: "a message is sent to somebody else too, as from the own partner", deliver: deliverToThird},
	"reordered":                   {does: "two messages change places", deliver: reorder},
	"gap-instead-of-body":         {does: "a message shows as a gap", deliver: gapInstead},
	"replay-after-live":           {does: "a mailbox is sent behind a later message", deliver: replayBehind(chat.Message)},
	"replay-after-end":            {does: "a mailbox is sent behind partner_disconnected", deliver: replayBehind(chat.PartnerDisconnected)},
	"recv-falls":                  {does: "custody runs back", deliver: custody(-1)},
	"recv-too-high":               {does: "custody is said of a message that has not come", deliver: custody(+1)},
	"session-id-as-alias":         {does: "a session ID is told as an alias", deliver: aliasSecret},
}

// seed is the bug that this process has; nil is none. It is chosen before main begins.
var seed, seedName = chooseSeed()

// chooseSeed takes the variable out of the environment: it is no setting of the server.
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
		fmt.Fprintf(os.Stderr, "chatme: %s: unknown mutant %q; there are %s\n", mutantEnv, name, strings.Join(mutantNames(), " "))
		os.Exit(exit.Config)
	case m == nil:
		m = &mutant{}
	}
	return m, name
}

// mutantNames lists those that torture is to find.
func mutantNames() []string {
	return slices.Sorted(maps.Keys(mutants))
}

// chances counts the moments at which the bug could strike.
var chances atomic.Uint64

// strikes is true once in every so many calls, so that the server gets far enough to be believed.
func strikes(every uint64) bool { return chances.Add(1)%every == 0 }
