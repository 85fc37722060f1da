package hub

import "chatme/internal/chat"

// Command is a command of a client with when its frame had been read, by Clock.Stamp; 0: not known.
type Command struct {
	chat.Command
	Arrived int64
}

// Event is what a Conn is told, with the Arrived of the command that a Message or a Resumed answers; 0: not known.
type Event struct {
	chat.Event
	Arrived int64
}
