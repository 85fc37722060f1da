package torture

import (
	"strconv"
	"time"

	"chatme/internal/pace"
)

// The timeouts of the server: short, so that some absences outlast them.
const (
	tortureChatWindow    = 4 * time.Second
	tortureChatWindowOld = 3 * time.Second
	tortureQueueWindow   = 4 * time.Second
	tortureSleepMax      = 3 * time.Second
	tortureRematchAfter  = time.Second
	tortureSettle        = 2 * time.Second
	tortureIdleAfter     = 1500 * time.Millisecond
	tortureShutdown      = 4 * time.Second // on an idle machine: what is not on disk by then is lost
)

// tortureMailbox is how many messages the server holds for a client that is away: few, so that mailboxes fill up.
const tortureMailbox = 12

// tortureFlags returns the flags of the server. With hibernates, it hibernates idle sessions early.
func tortureFlags(hibernates bool) []string {
	flags := []string{
		"--chat-window", tortureChatWindow.String(), "--chat-window-old", tortureChatWindowOld.String(),
		"--queue-window", tortureQueueWindow.String(), "--sleep-max", tortureSleepMax.String(),
		"--rematch-after", tortureRematchAfter.String(), "--open-after", tortureRematchAfter.String(), "--late-after", tortureRematchAfter.String(),
		"--settle-timeout", tortureSettle.String(),
		"--mailbox-messages", strconv.Itoa(tortureMailbox), "--shutdown-timeout", pace.Waited(tortureShutdown).String(),
	}
	if hibernates {
		flags = append(flags, "--idle-after", tortureIdleAfter.String())
	}
	return flags
}
