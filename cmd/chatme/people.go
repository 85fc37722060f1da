package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// listFlags are those of every command that lists.
type listFlags struct {
	place
	Limit int  `name:"limit" short:"n" default:"50" help:"List at most so many; 0: as many as there are, up to 10,000."`
	JSON  bool `name:"json" help:"Print one JSON object."`
}

// ask has the server on the admin socket answer path into answer, which is a list.
func (f *listFlags) ask(p *program, path string, query url.Values, answer any) error {
	server, err := p.admin(f.place)
	if err != nil {
		return err
	}
	query.Set("limit", strconv.Itoa(f.Limit))
	return server.Get(p.ctx, path+"?"+query.Encode(), answer)
}

type sessionsCmd struct {
	listFlags
	State string `name:"state" enum:"idle,waiting,paired,ended,any" default:"any" help:"Only those that are idle, waiting, paired or ended (any: all but the ended)."`
}

// Help is the text behind the flags.
func (sessionsCmd) Help() string {
	return `Lists the sessions of the running server, the newest first, by the names that the log and tail use. An idle one
that is away can be resumed until its time is up. The same without a server:
sqlite3 -readonly chatme.db 'SELECT * FROM v_sessions'

Example: chatme sessions --state waiting`
}

// Run lists them.
func (c *sessionsCmd) Run(p *program) error {
	query := url.Values{}
	if c.State != "any" {
		query.Set("state", c.State)
	}
	var answer sessionsAnswer
	if err := c.ask(p, "/sessions", query, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printLine(p.stdout, answer)
	}
	var rows [][]string
	for _, r := range answer.Sessions {
		rows = append(rows, []string{r.Session, r.State, r.Kind, r.Here, orNothing(r.AwaySince), orNothing(r.StateSince), r.Created})
	}
	if len(rows) == 0 {
		fmt.Fprintln(p.stdout, "no sessions")
	} else if err := p.table([]string{"SESSION", "STATE", "CLIENT", "SOCKET", "AWAY SINCE", "STATE SINCE", "CREATED"}, rows, more(len(rows), answer.Total)); err != nil {
		return err
	}
	if answer.Unlisted > 0 {
		fmt.Fprintf(p.stdout, "%s connected and not searching yet\n", quantity(answer.Unlisted, "old client is", "old clients are"))
	}
	return nil
}

func orNothing(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

type queueCmd struct{ listFlags }

// Help is the text behind the flags.
func (queueCmd) Help() string {
	return `Lists who waits for a partner in the running server, first come, first served. Whoever is away keeps the place for a
while, and is not matched until back. The same without a server:
sqlite3 -readonly chatme.db 'SELECT * FROM v_queue'

Example: chatme queue`
}

// Run lists them.
func (c *queueCmd) Run(p *program) error {
	var answer queueAnswer
	if err := c.ask(p, "/queue", url.Values{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printLine(p.stdout, answer)
	}
	if len(answer.Queue) == 0 {
		fmt.Fprintln(p.stdout, "nobody is waiting")
		return nil
	}
	var rows [][]string
	for _, r := range answer.Queue {
		rows = append(rows, []string{grouped(r.Position), r.Session, r.Kind, r.Here, elapsed(time.Duration(r.WaitingS) * time.Second), r.Since})
	}
	return p.table([]string{"PLACE", "SESSION", "CLIENT", "SOCKET", "WAITING", "SINCE"}, rows, more(len(rows), answer.Total))
}

type pairsCmd struct{ listFlags }

// Help is the text behind the flags.
func (pairsCmd) Help() string {
	return `Lists the chats in the running server, the oldest first: which two sessions, since when, and who of them is away. The
same without a server: sqlite3 -readonly chatme.db 'SELECT * FROM v_pairs'

Example: chatme pairs --json | jq '.pairs | length'`
}

// Run lists them.
func (c *pairsCmd) Run(p *program) error {
	var answer pairsAnswer
	if err := c.ask(p, "/pairs", url.Values{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printLine(p.stdout, answer)
	}
	if len(answer.Pairs) == 0 {
		fmt.Fprintln(p.stdout, "nobody is in a chat")
		return nil
	}
	var rows [][]string
	for _, r := range answer.Pairs {
		away := map[string]string{"first": r.First, "second": r.Second, "both": "both"}[r.Away]
		rows = append(rows, []string{r.Pair, r.First, r.Second, away, r.Since})
	}
	return p.table([]string{"CHAT", "FIRST", "SECOND", "AWAY", "SINCE"}, rows, more(len(rows), answer.Total))
}
