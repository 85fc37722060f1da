package powerloss

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLine limits a line of the log, in bytes: four for each byte of maxString, plus the rest of the call.
const (
	maxString = 64 << 10
	maxLine   = 4*maxString + 16<<10
)

// Strace holds the arguments of strace before the name of the log and the command. With -D, the command keeps the
// process ID it would have without strace, so that signals reach it, and strace exits on its own after it. Calls with a
// question mark do not exist on every processor.
var Strace = []string{
	"-D", "-f", "-y", "-xx", "-q", "-s", strconv.Itoa(maxString), "--seccomp-bpf", "-e", "signal=SIGKILL", "-e",
	"trace=?open,openat,read,write,writev,pwrite64,ftruncate,fallocate,fsync,fdatasync,?unlink,unlinkat,?rename,?renameat,renameat2", "-o",
}

// Whole reports whether a log that ends with end is complete: whether strace has seen the process exit.
func Whole(end []byte, process int) bool {
	lines := bytes.Split(bytes.TrimSuffix(end, []byte("\n")), []byte("\n"))
	fields := bytes.Fields(lines[len(lines)-1])
	return bytes.HasSuffix(end, []byte("\n")) && len(fields) > 1 && string(fields[0]) == strconv.Itoa(process) && string(fields[1]) == "+++"
}

// Kind is the kind of an Event.
type Kind uint8

const (
	Opened   Kind = iota + 1 // Path; it was created if it did not exist. Truncated when Cut
	Wrote                    // Path, Data at Off
	Resized                  // Path, to Off bytes; not made shorter when Grow
	Syncing                  // Path, a file or a directory: a sync of it begins
	Synced                   // Path: the sync that began last is complete
	Unlinked                 // Path
	Renamed                  // Path, to To
	Sent                     // Path, the name of a socket; Data
	Received                 // the same
)

// AtEnd is the Off of a write that continues where the previous one ended. That is the end of a file that is written
// from its start, and such a file MUST NOT be written in any other way.
const AtEnd = -1

// Event is one event in the log.
type Event struct {
	Kind Kind
	Path string
	To   string
	Data []byte
	Off  int64
	Cut  bool
	Grow bool
}

// call is a system call that has begun.
type call struct {
	name   string
	thread string
	args   string
	event  int // index of the event made at its entry; -1: none
}

// parser parses a log.
type parser struct {
	dir    string
	events []Event
	begun  map[string]*call // by thread
	failed map[string]error // by thread: its last call did something that the model does not cover
}

// Parse returns the events of a log that touch sockets or files in dir, an absolute path. It fails on what the model of
// the disk does not cover: a write to a file that failed or was short, or one during a sync of the file.
func Parse(log io.Reader, dir string) ([]Event, error) {
	p := &parser{dir: dir, begun: map[string]*call{}, failed: map[string]error{}}
	lines := bufio.NewScanner(log)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := p.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("line %d of the log: %w", n, err)
		}
	}
	return p.events, lines.Err()
}

func (p *parser) line(line string) error {
	thread, rest, ok := strings.Cut(line, " ")
	rest = strings.TrimLeft(rest, " ")
	if !ok || strings.HasPrefix(rest, "+++") || strings.HasPrefix(rest, "---") {
		return nil
	}
	if resumed, ok := strings.CutPrefix(rest, "<... "); ok {
		c := p.begun[thread]
		name, more, ok := strings.Cut(resumed, " resumed>")
		if !ok || c == nil || c.name != name {
			return fmt.Errorf("%.60q resumes a call that this thread did not begin", rest)
		}
		delete(p.begun, thread)
		return p.leave(c, c.args+more)
	}
	name, args, ok := strings.Cut(rest, "(")
	if !ok {
		return fmt.Errorf("not a system call: %.60q", rest)
	}
	if err := p.failed[thread]; err != nil {
		return err
	}
	c := &call{name: name, thread: thread, event: -1}
	unfinished := false
	if c.args, unfinished = strings.CutSuffix(args, " <unfinished ...>"); unfinished {
		p.begun[thread] = c
		return p.enter(c, c.args)
	}
	if err := p.enter(c, args); err != nil {
		return err
	}
	return p.leave(c, args)
}

// add appends an event of c.
func (p *parser) add(c *call, e Event) {
	c.event = len(p.events)
	p.events = append(p.events, e)
}

// enter adds the event of a call that takes effect at its entry.
func (p *parser) enter(c *call, args string) error {
	switch c.name {
	case "write", "writev", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync":
	default:
		return nil
	}
	path, socket := p.descriptor(args)
	if path == "" || socket && c.name != "write" && c.name != "writev" {
		return nil
	}
	e := Event{Path: path}
	var err error
	switch c.name {
	case "write", "writev", "pwrite64":
		e.Kind = Wrote
		if e.Data, err = text(args); err != nil {
			return err
		}
		switch {
		case socket:
			e.Kind = Sent
		case c.name != "pwrite64":
			e.Off = AtEnd
		default:
			if e.Off, err = number(args, -1); err != nil {
				return err
			}
		}
	case "ftruncate":
		e.Kind = Resized
		e.Off, err = number(args, -1)
	case "fallocate":
		var from, length int64
		if !strings.Contains(args, ", 0, ") {
			return fmt.Errorf("fallocate of %s in an unsupported mode", path)
		}
		if from, err = number(args, -2); err == nil {
			length, err = number(args, -1)
		}
		e.Kind, e.Off, e.Grow = Resized, from+length, true
	case "fsync", "fdatasync":
		e.Kind = Syncing
		err = p.quiet(path)
	}
	p.add(c, e)
	return err
}

// quiet returns an error if a write to path is in progress.
func (p *parser) quiet(path string) error {
	for _, c := range p.begun {
		if c.event >= 0 && p.events[c.event].Kind == Wrote && p.events[c.event].Path == path {
			return fmt.Errorf("%s is synced during a write", path)
		}
	}
	return nil
}

// errShort is the error for a write to a file that was not complete. That happens only to a thread that is killed.
var errShort = errors.New("failed or was short")

// leave adds the event of a call that takes effect at its return, and completes the event of its entry.
func (p *parser) leave(c *call, rest string) error {
	args, result, ok := cutLast(rest, ") ")
	result = strings.TrimLeft(result, " ")
	value, ok2 := strings.CutPrefix(result, "= ")
	if !ok || !ok2 {
		return fmt.Errorf("%s has no result: %.200q", c.name, rest)
	}
	if strings.HasPrefix(value, "?") || strings.HasPrefix(value, "18446744073709551615") { // the process was killed during the call
		return nil
	}
	returned, err := strconv.ParseInt(value[:strings.IndexAny(value+" ", " <")], 10, 64)
	if err != nil {
		return fmt.Errorf("%s returned %.60q", c.name, value)
	}
	if c.event >= 0 {
		return p.finish(c, returned)
	}
	if returned < 0 {
		return nil
	}
	return p.after(c, args, value, returned)
}

// finish completes a call whose entry made an event.
func (p *parser) finish(c *call, returned int64) error {
	e := &p.events[c.event]
	switch e.Kind {
	case Sent: // the program writes the rest again
		if returned > int64(len(e.Data)) {
			p.failed[c.thread] = fmt.Errorf("%s: of %d bytes, %d were sent", e.Path, len(e.Data), returned)
			break
		}
		e.Data = e.Data[:max(returned, 0)]
	case Wrote:
		if returned != int64(len(e.Data)) {
			p.failed[c.thread] = fmt.Errorf("%s: a write %w", e.Path, errShort)
		}
	case Resized:
		if returned != 0 {
			p.failed[c.thread] = fmt.Errorf("%s: a resize %w", e.Path, errShort)
		}
	case Syncing:
		if returned == 0 {
			p.add(c, Event{Kind: Synced, Path: e.Path})
		}
	}
	return nil
}

// after adds the event of a call that succeeded and whose entry made none.
func (p *parser) after(c *call, args, value string, returned int64) error {
	switch c.name {
	case "read":
		path, socket := p.descriptor(args)
		if !socket || returned == 0 {
			return nil
		}
		data, err := text(args)
		p.add(c, Event{Kind: Received, Path: path, Data: data})
		return err
	case "open", "openat":
		path, _ := p.descriptor(value)
		if path == "" {
			return nil
		}
		if strings.Contains(args, "O_CREAT") || strings.Contains(args, "O_TRUNC") {
			p.add(c, Event{Kind: Opened, Path: path, Cut: strings.Contains(args, "O_TRUNC")})
		}
	case "unlink", "unlinkat", "rename", "renameat", "renameat2":
		names, err := paths(args)
		if err != nil {
			return err
		}
		e := Event{Kind: Unlinked, Path: names[0]}
		if len(names) == 2 {
			e.Kind, e.To = Renamed, names[1]
		}
		if filepath.Dir(e.Path) == p.dir || e.To != "" && filepath.Dir(e.To) == p.dir {
			p.add(c, e)
		}
	}
	return nil
}
