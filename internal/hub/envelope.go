package hub

import "chatme/internal/chat"

// Command is a client's command with the Clock.Stamp at which its frame was read; 0 if unknown.
type Command struct {
	chat.Command
	Arrived int64
	Vain    bool // set by Do: the search changed nothing
}

// Event is an event for a Conn. A Message or a Resumed has the Arrived of the command that caused it; 0 if unknown.
type Event struct {
	chat.Event
	Arrived int64
}
