package chat_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"chatme/internal/chat"
)

// act plays one line of an actor.
func (s *script) act(a *actor, conn chat.ConnID, what string) error {
	word, rest, _ := strings.Cut(what, " ")
	bare, given, err := arguments(rest)
	if err != nil {
		return err
	}
	c := chat.Command{
		Conn: conn, Text: bare, N: given.number("n"), Got: given.number("got"), Image: given["image"],
		Partner: chat.Alias(given["partner"]), Refused: chat.ErrorCode(given["refused"]),
	}
	switch word {
	case "attach":
		a.sessions++
		a.hash = s.hash(a, a.sessions)
		s.connect(a, bare == "new", nil)
		return nil
	case "resume":
		re := &chat.Resume{
			Hash: a.hash, Epoch: "e1", Partner: c.Partner, Got: c.Got, Acked: given.number("acked"),
		}
		if e, ok := given["epoch"]; ok {
			re.Epoch = e
		}
		if _, ok := given["session"]; ok {
			re.Hash = chat.Hash{0xff}
		}
		s.connect(a, true, re)
		return nil
	case "search":
		c.Op = chat.Search
		if hold, ok := given["hold"]; ok {
			if c.Hold, err = time.ParseDuration(hold); err != nil {
				return err
			}
		}
	case "prefer":
		c.Op, c.Prefer = chat.Prefer, &chat.Preferences{Topics: given.number("topics"), Languages: given.number("languages")}
	case "send":
		c.Op = chat.Send
	case "typing":
		c.Op, c.Start = chat.Typing, bare == "on"
	case "ack":
		c.Op = chat.Ack
	case "sleep":
		if c.For, err = time.ParseDuration(bare); err != nil {
			return err
		}
		c.Op = chat.Sleep
	case "end":
		c.Op = chat.End
	case "malformed":
		c.Op, c.Refused = chat.Malformed, chat.ErrorCode(bare)
	case "touch":
		c.Op = chat.Activity
	case "heard":
		c.Op = chat.Heard
	case "app_ping":
		c.Op = chat.AppPing
	case "pong":
		c.Op, c.N = chat.Pong, a.ping
		if n := given.number("n"); n != 0 {
			c.N = n
		}
	case "detach":
		c.Op, c.Leaves = chat.Detach, bare == "1000"
	default:
		return fmt.Errorf("unknown action")
	}
	s.Step(c)
	return nil
}

// connect gives a a new socket.
func (s *script) connect(a *actor, resumable bool, re *chat.Resume) {
	conn := s.Conns + 1
	a.sockets = append(a.sockets, conn)
	s.label[conn] = a.name
	if len(a.sockets) > 1 {
		s.label[conn] += "." + strconv.Itoa(len(a.sockets))
	}
	fresh := a.hash
	if re != nil {
		fresh = s.hash(a, a.sessions+1)
	}
	s.Attach(resumable, fresh, re)
}

// given returns the key=value arguments of a line.
type given map[string]string

func (g given) number(key string) uint64 {
	n, _ := strconv.ParseUint(g[key], 10, 64)
	return n
}

// arguments splits `"text" key=value…` or `word key=value…`.
func arguments(s string) (bare string, g given, err error) {
	g = make(given)
	if strings.HasPrefix(s, `"`) {
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", nil, err
		}
		bare, _ = strconv.Unquote(quoted)
		s = s[len(quoted):]
	}
	for _, f := range strings.Fields(s) {
		if key, value, ok := strings.Cut(f, "="); ok {
			g[key] = value
		} else {
			bare = f
		}
	}
	return bare, g, nil
}
