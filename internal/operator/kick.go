package operator

import (
	"fmt"
	"net/url"

	"chatme/internal/admin"
	"chatme/internal/cli"
)

type KickCmd struct {
	cli.Place
	Session string `arg:"" help:"The session's s_ name, as shown by the log, tail and sessions, or a prefix of it."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the text after the flags.
func (KickCmd) Help() string {
	return `Ends a session in the running server. Its socket is closed with 4410, its partner is told and goes back to the queue, and
its mailbox is deleted. It cannot be resumed, and the page and the client library do not reconnect by themselves. This is not
a ban: the client can return with a new session, and the legacy apps do so within seconds.

The exit code is 1 if no session has the name, or if the prefix is ambiguous.

Example: chatme kick s_1a2b3c4d`
}

// Run kicks the session.
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
		"idle": "it was not in a chat", "waiting": "it was in the queue", "paired": "it was in a chat; its partner is back in the queue",
	}[answer.State]
	if !answer.Here {
		was += ", and away"
	}
	_, err = fmt.Fprintf(p.Stdout, "kicked %s: %s\n", answer.Session, was)
	return err
}
