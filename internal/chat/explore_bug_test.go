package chat_test

// breakage is something done wrong around the lobby, on purpose.
type breakage uint8

const (
	sound           breakage = iota
	gateOpen                 // frames leave before their batch is committed
	suffixSurvives           // a kill loses the first batches and not the last
	lettersLost              // a commit writes no letters
	receiptsLost             // a commit deletes no letters
	deletedWhenSent          // a letter is deleted when it is sent, not when it is confirmed
	deliveredTwice           // a message goes out twice
	ackedAtFlush             // custody is reported when a batch is taken
	mailForgotten            // a restart does not load what mailboxes hold
	replayForeign            // a replay names another chat
	gapsLost                 // no gap is told
	endUntold                // partner_disconnected is not told
	matchUntold              // matched is told to one side only
	reordered                // the later of two messages goes first
	notSynced                // the last batch that was reported as committed is lost in a kill
	foundForgotten           // a session that is looked up is found without its letters
	readEarly                // … before its last change is on disk
	earlierPong              // the pong of an earlier ping counts as that of the newest
	neverNoisy               // no frame disturbs a round
	alwaysHeard              // every socket was just heard
	alwaysOpen               // every socket was opened long ago
	breakages
)

var breakageNames = [breakages]string{
	"none", "gate open", "suffix survives", "letters lost", "receipts lost", "deleted when sent", "delivered twice",
	"acked at flush", "mail forgotten", "replay foreign", "gaps lost", "end untold", "match untold",
	"reordered", "not synced", "found forgotten", "read early", "earlier pong", "never noisy", "always heard",
	"always open",
}
