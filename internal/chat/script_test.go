package chat_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

var update = flag.Bool("update", false, "rewrite the golden scripts with what the lobby does")

// TestScripts plays testdata/*.txt. An unindented line is a command. The indented lines below it are the expected result,
// and the test fails on any difference. A line is
//
//	a: attach old|new            a connects, as a new session
//	a: resume [key=value…]       a connects with its session ID; partner= got= acked= epoch= session=
//	a: prefer topics= languages= what a would like to talk about: bits
//	a: search [partner= hold=]   a: send "text" [n= partner= image= refused=]   a: typing on|off
//	a: ack got= [partner=]       a: sleep 10m   a: end   a: malformed code   a: touch   a: heard   a: app_ping
//	a: pong [n=]                 answers the last ping
//	a: detach [1000]             the socket is lost, or was closed with 1000
//	a.1: …                       the same on a's first socket, which may be fenced by now
//	advance 30s                  time passes, with a tick at each deadline on the way
//	late 30s                     time passes without one
//	kick a                       an operator ends a's session
//	retune 1s                    every duration in the lobby's limits becomes this
//	flush   commit   auto        takes a batch; makes it durable; both after every command from here on
//	kill [1]   stop              ends the server and starts it again; only this many batches in flight survive
//	state                        lists the sessions in memory
//
// Every client answers a probe at once, which is not shown then, and a legacy client also answers its first ping, until
//
//	deaf   lively                no client answers on its own; all do again
//
// An event with @n waits for batch n. Resuming a session that is not in memory flushes and commits first.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: (-) in the file, (+) now\n%s", file, firstDifference(string(want), string(got)))
			}
		})
	}
}

// firstDifference shows two texts from shortly before they differ.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < len(w) && i < len(g) && w[i] == g[i] {
		i++
	}
	var b strings.Builder
	for _, line := range w[max(0, i-5):i] {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, line := range w[i:min(i+8, len(w))] {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	for _, line := range g[i:min(i+8, len(g))] {
		fmt.Fprintf(&b, "+ %s\n", line)
	}
	return b.String()
}

// script is a running script.
type script struct {
	*rig.Rig
	out   bytes.Buffer
	auto  bool
	cast  map[string]*actor
	label map[chat.ConnID]string
	names map[chat.Hash]string
	ids   map[chat.ID]chat.Hash
}

// actor is one client of a script, which remembers what it was told.
type actor struct {
	name     string
	sockets  []chat.ConnID
	sessions int
	hash     chat.Hash
	ping     uint64
}

func play(t *testing.T, text string) []byte {
	s := &script{
		Rig:   rig.New(t),
		cast:  make(map[string]*actor),
		label: make(map[chat.ConnID]string),
		names: make(map[chat.Hash]string),
		ids:   make(map[chat.ID]chat.Hash),
	}
	s.Lively = true
	s.OnStep = func(_ *chat.Command, events []chat.Event) { s.print(events) }
	s.OnReplay = func(c chat.ConnID, e chat.Event) { s.line("%s: … %s", s.label[c], rig.Describe(e)) }
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		fmt.Fprintln(&s.out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.do(line); err != nil {
			t.Fatalf("line %d: %s: %v", i+1, line, err)
		}
		if s.auto {
			s.Save()
		}
	}
	return s.out.Bytes()
}

func (s *script) line(format string, a ...any) { fmt.Fprintf(&s.out, "\t"+format+"\n", a...) }

func (s *script) print(events []chat.Event) {
	for _, e := range events {
		who := s.label[e.Conn]
		a := s.cast[who[:1]]
		switch e.Kind {
		case chat.Ping, chat.Probe:
			a.ping = e.N
		case chat.ResumeFailed:
			a.sessions++
			a.hash = s.hash(a, a.sessions)
		}
		if e.Kind == chat.Probe && s.Lively {
			continue
		}
		wait := ""
		if !s.auto && e.After > s.Committed {
			wait = fmt.Sprintf(" @%d", e.After)
		}
		s.line("%s: %s%s", who, rig.Describe(e), wait)
	}
}

// hash returns the hash of a's k-th session, and gives it a name.
func (s *script) hash(a *actor, k int) chat.Hash {
	h := chat.Hash{a.name[0], byte(k)}
	s.names[h] = a.name
	if k > 1 {
		s.names[h] += "/" + strconv.Itoa(k)
	}
	return h
}

func (s *script) do(line string) error {
	if who, what, ok := strings.Cut(line, ": "); ok {
		name, number, _ := strings.Cut(who, ".")
		a := s.cast[name]
		if a == nil {
			a = &actor{name: name}
			s.cast[name] = a
		}
		var conn chat.ConnID
		if number != "" {
			k, err := strconv.Atoi(number)
			if err != nil || k > len(a.sockets) {
				return fmt.Errorf("no socket %s", number)
			}
			conn = a.sockets[k-1]
		} else if len(a.sockets) > 0 {
			conn = a.sockets[len(a.sockets)-1]
		}
		return s.act(a, conn, what)
	}
	word, arg, _ := strings.Cut(line, " ")
	switch word {
	case "advance", "late":
		d, err := time.ParseDuration(arg)
		if err != nil {
			return err
		}
		if word == "late" {
			s.Now = s.Now.Add(d)
			return nil
		}
		s.Advance(d)
	case "kick":
		a := s.cast[arg]
		if a == nil {
			return fmt.Errorf("no client of that name")
		}
		s.Kick(a.hash)
	case "retune":
		d, err := time.ParseDuration(arg)
		if err != nil {
			return err
		}
		cfg := rig.Timing(s.Boot)
		cfg.IdleAfter, cfg.ChatWindow, cfg.ChatWindowLegacy, cfg.QueueWindow = d, d, d, d
		cfg.SleepMax, cfg.RematchAfter, cfg.SettleTimeout = d, d, d
		cfg.AwayAfter, cfg.OpenAfter, cfg.LateAfter, cfg.RecentFor = d, d, d, d
		s.Lobby.SetLimits(cfg.Limits)
		s.Check()
	case "flush":
		s.printBatch(s.TakeBatch())
	case "commit":
		s.Commit(len(s.Flushed))
	case "auto":
		s.auto = true
	case "deaf", "lively":
		s.Lively = word == "lively"
	case "kill":
		survive, _ := strconv.Atoi(arg)
		s.Kill(survive)
	case "stop":
		s.Step(chat.Command{Op: chat.Stop})
		s.Save()
		s.Kill(0)
	case "state":
		for _, r := range s.Lobby.Records() {
			s.line("%s %s", s.names[r.Hash], rig.DescribeRow(r))
		}
	default:
		return fmt.Errorf("unknown command")
	}
	return nil
}

func (s *script) printBatch(b *chat.Batch) {
	s.line("batch %d", b.N)
	for _, c := range b.Changes {
		if c.Deleted {
			s.line("  %s deleted", s.names[s.ids[c.ID]])
		} else {
			s.ids[c.ID] = c.Hash
			s.line("  %s %s", s.names[c.Hash], rig.DescribeRow(c.Record))
		}
	}
	for _, m := range b.Entries {
		s.line("  %s letter %d from %s %q", s.names[s.ids[m.To]], m.N, m.From, m.Text)
	}
	for _, r := range b.MailAcks {
		s.line("  %s has %d", s.names[s.ids[r.To]], r.UpTo)
	}
}
