package main

import (
	"fmt"
	"net/url"
)

type kickCmd struct {
	place
	Session string `arg:"" help:"The session's s_ name, as the log, tail and sessions show it, or its beginning."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
}

// Help is the text behind the flags.
func (kickCmd) Help() string {
	return `Ends a session in the running server. Its socket is closed with 4410, whoever it was chatting with is told and is back
in the queue, what was held for it is deleted, and it cannot be resumed: our page and library do not come back by
themselves. It is no ban: nobody is kept from coming as somebody new, and the old apps do so within seconds.

A name that belongs to no session, or the beginning of several names, is exit code 1.

Example: chatme kick s_1a2b3c4d`
}

// Run kicks it.
func (c *kickCmd) Run(p *program) error {
	server, err := p.admin(c.place)
	if err != nil {
		return err
	}
	var answer kickAnswer
	if err := server.Post(p.ctx, "/kick?"+url.Values{"session": {c.Session}}.Encode(), &answer); err != nil {
		return err
	}
	if c.JSON {
		return printLine(p.stdout, answer)
	}
	was := map[string]string{
		"idle": "it was not in a chat", "waiting": "it was in the queue", "paired": "it was in a chat, whose other side is back in the queue",
	}[answer.State]
	if !answer.Here {
		was += ", and away"
	}
	_, err = fmt.Fprintf(p.stdout, "kicked %s: %s\n", answer.Session, was)
	return err
}
