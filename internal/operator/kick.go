package operator

import (
	"fmt"
	"net/url"

	"chatme/internal/admin"
	"chatme/internal/cli"
)

type KickCmd struct {
	cli.Place
	Session string `arg:"" help:"The session's s_ name, as the log, tail and sessions show it, or its beginning."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (KickCmd) Help() string {
	return `Ends a session in the running server. Its socket is closed with 4410, whoever it was chatting with is told and is back
in the queue, what was held for it is deleted, and it cannot be resumed: our page and library do not come back by
themselves. It is no ban: nobody is kept from coming as somebody new, and the old apps do so within seconds.

A name that belongs to no session, or the beginning of several names, is exit code 1.

Example: chatme kick s_1a2b3c4d`
}

// Run kicks it.
func (c *KickCmd) Run(p *cli.Program) error {
	server, err := p.Admin(c.Place)
	if err != nil {
		return err
	}
	var answer admin.KickAnswer
	if err := server.Post(p.Ctx, "/kick?"+url.Values{"session": {c.Session}}.Encode(), &answer); err != nil {
		return err
	}
	if c.JSON {
		return cli.PrintJSON(p.Stdout, answer)
	}
	was := map[string]string{
		"idle": "it was not in a chat", "waiting": "it was in the queue", "paired": "it was in a chat, whose other side is back in the queue",
	}[answer.State]
	if !answer.Here {
		was += ", and away"
	}
	_, err = fmt.Fprintf(p.Stdout, "kicked %s: %s\n", answer.Session, was)
	return err
}
