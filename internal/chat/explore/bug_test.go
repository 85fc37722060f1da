package explore

// breakage is a fault injected around the lobby.
type breakage uint8

const (
	sound           breakage = iota
	gateOpen                 // frames leave before their batch is committed
	suffixSurvives           // a kill loses the first batches but not the last
	entriesLost              // a commit writes no mailbox entries
	mailAcksLost             // a commit deletes no mailbox entries
	deletedWhenSent          // an entry is deleted when it is sent, not when it is confirmed
	deliveredTwice           // a message is sent twice
	ackedAtFlush             // custody is reported when a batch is taken
	mailForgotten            // a restart does not load the mailboxes
	replayForeign            // a replay names another chat
	gapsLost                 // no gap is sent
	endUntold                // partner_disconnected is not sent
	matchUntold              // matched is sent to one side only
	reordered                // the later of two messages is sent first
	notSynced                // the last batch reported as committed is lost in a kill
	foundForgotten           // a session that is looked up is found without its mailbox entries
	readEarly                // … before its last change is on disk
	earlierPong              // the pong to an earlier ping counts as a pong to the newest
	neverNoisy               // no frame disturbs a round
	alwaysHeard              // every socket was just heard
	alwaysOpen               // every socket was opened long ago
	firstRowsLost            // a commit writes no row of a new session
	breakages
)

var breakageNames = [breakages]string{
	"none", "gate open", "suffix survives", "entries lost", "mail acks lost", "deleted when sent", "delivered twice",
	"acked at flush", "mail forgotten", "replay foreign", "gaps lost", "end untold", "match untold",
	"reordered", "not synced", "found forgotten", "read early", "earlier pong", "never noisy", "always heard",
	"always open", "first rows lost",
}
