package operator

import (
	"fmt"
	"net/url"
	"strings"

	"chatme/internal/admin"
	"chatme/internal/cli"
)

type NetworksCmd struct{ listFlags }

// Help returns the text after the flags.
func (NetworksCmd) Help() string {
	return `Lists the networks of the running server's clients, the largest first. A network is an IPv4 address or an
IPv6 /64. Its name is a tag, the same in tail and sessions, that changes at midnight UTC and at a restart. No address can be
computed from it. "none" stands for clients whose address the server does not know.

DELAYED counts sockets that wait at a rate. IN A ROW shows how many of the network's latest chats in a row went badly: the
other side was ignored, or the chat was short. STAND OUT counts the sessions that are, or with CHATME_LOW_PRIORITY=watch would
be, in the low-priority pool.

Example: chatme networks --limit 10`
}

// Run prints the list.
func (c *NetworksCmd) Run(p *cli.Program) error {
	var answer admin.NetworksAnswer
	if err := c.ask(p, "/networks", url.Values{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return cli.PrintJSON(p.Stdout, answer)
	}
	if len(answer.Networks) == 0 {
		fmt.Fprintln(p.Stdout, "no networks")
		return nil
	}
	var rows [][]string
	for _, n := range answer.Networks {
		rows = append(rows, []string{
			n.Network, cli.Grouped(int64(n.Sockets)), percent(n.Share), number(n.Delayed), number(n.Idle), number(n.Waiting),
			number(n.Matched), number(n.Away), streaksText(n.Streaks), number(n.Standing),
		})
	}
	header := []string{"NETWORK", "SOCKETS", "SHARE", "DELAYED", "IDLE", "WAITING", "MATCHED", "AWAY", "IN A ROW", "STAND OUT"}
	if err := p.Table(header, rows, cli.More(len(rows), answer.Total)); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.Stdout, "standing: "+standingText(&answer))
	return err
}

// standingText describes what happens to sessions that stand out, and from when on one does.
func standingText(n *admin.NetworksAnswer) string {
	if n.LowPriority == "off" {
		return "off"
	}
	return fmt.Sprintf("%s; a session stands out after %d ignored or %d short chats in a row", n.LowPriority, n.Need.Ignored, n.Need.Short)
}

// number formats a count that is usually 0; "" is shown as a dash.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return cli.Grouped(int64(n))
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// streaksText formats streaks; "": there are none.
func streaksText(s admin.Streaks) string {
	var parts []string
	if s.Ignored > 0 {
		parts = append(parts, fmt.Sprintf("%d ignored", s.Ignored))
	}
	if s.Short > 0 {
		parts = append(parts, fmt.Sprintf("%d short", s.Short))
	}
	return strings.Join(parts, ", ")
}

// sessionStandingText formats the standing of a session; "" if there is nothing to say.
func sessionStandingText(s *admin.SessionStanding) string {
	var parts []string
	if s.Proven {
		parts = append(parts, "proven")
	}
	if s.StandsOut {
		parts = append(parts, "stands out")
	}
	if text := streaksText(s.Streaks); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
