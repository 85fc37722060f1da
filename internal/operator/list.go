package operator

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"chatme/internal/admin"
	"chatme/internal/cli"
)

// listFlags are the flags of every list command.
type listFlags struct {
	cli.Place
	Limit int  `name:"limit" short:"n" default:"50" help:"List at most this many; 0: all, up to 10,000."`
	JSON  bool `name:"json" help:"Print one JSON object."`
}

// ask requests the list at path from the admin socket and decodes it into answer.
func (f *listFlags) ask(p *cli.Program, path string, query url.Values, answer any) error {
	server, err := p.Admin(f.Place)
	if err != nil {
		return err
	}
	query.Set("limit", strconv.Itoa(f.Limit))
	return server.Get(p.Ctx, path+"?"+query.Encode(), answer)
}

type SessionsCmd struct {
	listFlags
	State string `name:"state" enum:"idle,waiting,paired,ended,any" default:"any" help:"Only sessions that are idle, waiting, paired or ended (any: all but the ended)."`
}

// Help returns the text after the flags.
func (SessionsCmd) Help() string {
	return `Lists the sessions of the running server, newest first, by the names that the log and tail use. An idle session
that is away can be resumed until it expires. NETWORK is a tag of the day, as in networks. STANDING shows whether the session is
proven, which means that it has had a proper chat, how many of its latest chats in a row went badly, and whether it stands out.
Both are kept in memory only. The rest without a server:
sqlite3 -readonly chatme.db 'SELECT * FROM v_sessions'

Example: chatme sessions --state waiting`
}

// Run prints the list.
func (c *SessionsCmd) Run(p *cli.Program) error {
	query := url.Values{}
	if c.State != "any" {
		query.Set("state", c.State)
	}
	var answer admin.SessionsAnswer
	if err := c.ask(p, "/sessions", query, &answer); err != nil {
		return err
	}
	if c.JSON {
		return cli.PrintJSON(p.Stdout, answer)
	}
	var rows [][]string
	for _, r := range answer.Sessions {
		tag, standing := "", ""
		if r.Standing != nil {
			tag, standing = r.Standing.Network, sessionStandingText(r.Standing)
		}
		rows = append(rows, []string{r.Session, r.State, r.Kind, r.Here, tag, standing, orNothing(r.AwaySince), orNothing(r.StateSince), r.Created})
	}
	if len(rows) == 0 {
		fmt.Fprintln(p.Stdout, "no sessions")
	} else if err := p.Table([]string{"SESSION", "STATE", "CLIENT", "SOCKET", "NETWORK", "STANDING", "AWAY SINCE", "STATE SINCE", "CREATED"}, rows, cli.More(len(rows), answer.Total)); err != nil {
		return err
	}
	if answer.Unlisted > 0 {
		fmt.Fprintf(p.Stdout, "%s connected and not searching yet\n", cli.Quantity(answer.Unlisted, "session is", "sessions are"))
	}
	return nil
}

func orNothing(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

type QueueCmd struct{ listFlags }

// Help returns the text after the flags.
func (QueueCmd) Help() string {
	return `Lists the sessions that wait for a partner, oldest first. A session that is away keeps its place for a while and is
not matched until it reconnects. The same without a server:
sqlite3 -readonly chatme.db 'SELECT * FROM v_queue'

Example: chatme queue`
}

// Run prints the list.
func (c *QueueCmd) Run(p *cli.Program) error {
	var answer admin.QueueAnswer
	if err := c.ask(p, "/queue", url.Values{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return cli.PrintJSON(p.Stdout, answer)
	}
	if len(answer.Queue) == 0 {
		fmt.Fprintln(p.Stdout, "no session is waiting")
		return nil
	}
	var rows [][]string
	for _, r := range answer.Queue {
		rows = append(rows, []string{cli.Grouped(r.Position), r.Session, r.Kind, r.Here, cli.Elapsed(time.Duration(r.WaitingS) * time.Second), r.Since})
	}
	return p.Table([]string{"PLACE", "SESSION", "CLIENT", "SOCKET", "WAITING", "SINCE"}, rows, cli.More(len(rows), answer.Total))
}

type PairsCmd struct{ listFlags }

// Help returns the text after the flags.
func (PairsCmd) Help() string {
	return `Lists the chats in the running server, oldest first: the two sessions, since when, and which of them is away. The same
without a server: sqlite3 -readonly chatme.db 'SELECT * FROM v_pairs'

Example: chatme pairs --json | jq '.pairs | length'`
}

// Run prints the list.
func (c *PairsCmd) Run(p *cli.Program) error {
	var answer admin.PairsAnswer
	if err := c.ask(p, "/pairs", url.Values{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return cli.PrintJSON(p.Stdout, answer)
	}
	if len(answer.Pairs) == 0 {
		fmt.Fprintln(p.Stdout, "no chats")
		return nil
	}
	var rows [][]string
	for _, r := range answer.Pairs {
		away := map[string]string{"first": r.First, "second": r.Second, "both": "both"}[r.Away]
		rows = append(rows, []string{r.Pair, r.First, r.Second, away, r.Since})
	}
	return p.Table([]string{"CHAT", "FIRST", "SECOND", "AWAY", "SINCE"}, rows, cli.More(len(rows), answer.Total))
}
