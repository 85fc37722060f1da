package operator

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"chatme/internal/cli"
	"chatme/internal/tail"
)

const (
	red    = "\x1b[31m"
	faint  = "\x1b[2m"
	normal = "\x1b[0m"
)

// prettyLine formats an event for people: local time, type, session or socket, and remarks.
func prettyLine(l *tail.Line, colour bool) string {
	who := l.Session
	if who == "" && l.Conn != 0 {
		who = fmt.Sprintf("socket %d", l.Conn)
	}
	at := l.Time.Local().Format("15:04:05.000")
	line := fmt.Sprintf("%-8s  %-12s  %s", l.Type, cmp.Or(who, "-"), strings.Join(remarks(l), ", "))
	line = strings.TrimRight(line, " ")
	switch {
	case !colour:
		return at + "  " + line
	case l.Status == tail.StatusError:
		return faint + at + normal + "  " + red + line + normal
	}
	return faint + at + normal + "  " + line
}

// What the milliseconds and the count of an event mean.
var (
	spans  = map[tail.Type]string{tail.Matched: "after", tail.Resumed: "away", tail.Closed: "open", tail.Commit: "took"}
	counts = map[tail.Type][2]string{ // one, several
		tail.Resumed: {"message to resend", "messages to resend"},
		tail.Commit:  {"row", "rows"},
		tail.Reload:  {"setting changed", "settings changed"},
		tail.Lost:    {"event lost: the tail is too slow", "events lost: the tail is too slow"},
	}
)

// remarks returns the details of an event, in the order in which they are shown.
func remarks(l *tail.Line) (all []string) {
	say := func(text string) {
		if text != "" {
			all = append(all, text)
		}
	}
	if l.Type == tail.Upgrade && l.Status == tail.StatusOK {
		say("accepted")
	}
	if l.Status == tail.StatusError && l.What == "" && (l.Type == tail.Upgrade || l.Type == tail.Auth || l.Type == tail.Resumed || l.Type == tail.Reload) {
		say("refused")
	}
	if l.Type == tail.Wait {
		say("at the rate of " + strings.ReplaceAll(l.What, "_", " "))
	} else {
		say(l.What)
	}
	if l.Code != 0 && l.Reason != "" {
		say(fmt.Sprintf("%s (%d)", l.Reason, l.Code))
	} else {
		say(l.Reason)
	}
	say(withKind(l))
	if l.Type == tail.Auth && l.Session != "" {
		say(fmt.Sprintf("socket %d", l.Conn)) // the name of a refused one
	}
	if l.Network != "" {
		say("network " + l.Network)
	}
	if l.Bytes != 0 {
		say(cli.Quantity(l.Bytes, "byte", "bytes"))
	}
	say(withWhom(l))
	if span := spans[l.Type]; span != "" && (l.MS != 0 || l.Type == tail.Matched) {
		say(span + " " + cli.Elapsed(time.Duration(l.MS)*time.Millisecond))
	}
	if l.Type == tail.Closed {
		say(fmt.Sprintf("%s in, %s out", cli.Quantity(l.In, "frame", "frames"), cli.Grouped(l.Out)))
	}
	if words, ok := counts[l.Type]; ok && (l.Count != 0 || l.Type == tail.Reload && l.Status == tail.StatusOK) {
		say(cli.Quantity(l.Count, words[0], words[1]))
	}
	return all
}

func withKind(l *tail.Line) string {
	if l.Type == tail.Auth && l.Kind != "" {
		return l.Kind + " client"
	}
	return l.Kind
}

// withWhom describes the relation of the event to its other session.
func withWhom(l *tail.Line) string {
	switch {
	case l.With == "":
		return ""
	case l.Type == tail.Message && l.What == "held":
		return "for " + l.With
	case l.Type == tail.Message:
		return "to " + l.With
	case l.Type == tail.Ended:
		return "by " + l.With
	}
	return "with " + l.With
}
