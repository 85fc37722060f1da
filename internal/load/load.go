// Package load implements the command that measures a server, and the clients that put load on it: tens of thousands in
// one goroutine.
package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"chatme/internal/cli"
	"chatme/internal/descriptors"
	"chatme/internal/spawn"
)

type Cmd struct {
	Kinds []string `arg:"" name:"kind" enum:"connect,idle,herd,match,relay,mixed,grown" help:"What to measure, one or more: connect, idle, herd, match, relay, mixed or grown."`

	Connections int           `default:"0" help:"Number of clients; default: idle 10000, connect 5000, herd and match 2000, mixed 1000 in addition to the pairs (connections)."`
	Pairs       []int         `default:"50,500" help:"Pairs that chat in relay, one result for each number; mixed uses the first (pairs)."`
	Rate        int           `default:"0" help:"relay: total rate at which messages are sent, independent of replies; 0: each side sends the next message when it receives one. mixed: default 1000 (messages a second)."`
	Size        int           `default:"100" help:"Length of a text (bytes)."`
	Duration    time.Duration `default:"5s" help:"How long to measure; for idle, how long the clients are quiet (duration)."`
	Dialers     int           `default:"64" help:"Clients that connect at the same time; in herd, all of them (connections)."`
	Think       time.Duration `default:"0" help:"match: time between matched and Next; 0: none. mixed: default 500ms (duration)."`
	Sessions    int           `default:"100000" help:"grown: sessions in the database at startup (sessions)."`
	Waiting     int           `default:"0" help:"grown: how many of them are in the queue (sessions)."`
	InChats     int           `default:"0" help:"grown: how many of them are in chats (sessions)."`
	Search      bool          `help:"connect: each client also searches, and has arrived once it is told that it is searching. From then on its session is on disk."`
	Old         bool          `help:"Speak only the base protocol, without resume and acknowledgements."`

	URL    string `name:"url" placeholder:"URL" help:"Measure the server at this URL, ws:// or http://, instead of starting one."`
	APIKey string `name:"api-key" placeholder:"KEY" help:"With --url: API key."`
	PID    int    `name:"pid" help:"With --url: process ID of that server, to measure its memory and CPU."`
	Exec   string `placeholder:"COMMAND" help:"Start this server instead; {addr} is replaced by its listen address, and WEB_API_KEY in its environment is the key."`
	Name   string `help:"Name of the server in the results (default: chatme; with --exec or --url, the command or the URL)."`
}

// Help returns the detailed help.
func (c *Cmd) Help() string {
	return `Starts a server on loopback with a scratch database, once for all kinds, and measures it.

  connect   how many clients connect and authenticate in a second; with --search, and have a session on disk
  idle      memory per connection, and CPU and commits while all clients are quiet
  herd      all sockets are cut at once, and all clients reconnect at once
  match     all clients search, and send Next once matched
  relay     pairs chat
  mixed     pairs chat while other clients search and send Next
  grown     startup, memory, and the cost of a resume and of a new session on disk, with many sessions in the database

Each result is one JSON object on a line of stdout. Times are in microseconds. cpu_s is the CPU time of the server,
load_cpu_s that of this command.

Example: chatme bench relay --pairs 500 --duration 10s`
}

// Defaults that depend on the kind.
const (
	idlePeople    = 10_000
	connectPeople = 5_000
	herdPeople    = 2_000
	matchPeople   = 2_000
	mixedPeople   = 1_000
	mixedRate     = 1_000
	mixedThink    = 500 * time.Millisecond
)

// Validate checks the flags.
func (c *Cmd) Validate() error {
	switch {
	case c.Connections < 0 || c.Rate < 0 || c.Think < 0 || c.PID < 0:
		return errors.New("--connections, --rate, --think and --pid: must not be below 0")
	case c.Duration <= 0 || c.Dialers <= 0 || len(c.Pairs) == 0:
		return errors.New("--duration, --dialers and --pairs: must be above 0")
	case c.Size < stampDigits || c.Size > maxSize:
		return fmt.Errorf("--size: must be %d to %d", stampDigits, maxSize)
	case c.URL != "" && c.Exec != "":
		return errors.New("--url and --exec: use only one of them")
	case c.URL == "" && (c.APIKey != "" || c.PID != 0):
		return errors.New("--api-key and --pid go with --url")
	case c.URL != "" && c.APIKey == "":
		return errors.New("--url needs --api-key")
	}
	for _, pairs := range c.Pairs {
		if pairs <= 0 {
			return errors.New("--pairs: must be above 0")
		}
	}
	for _, kind := range c.Kinds {
		switch {
		case kind == "herd" && c.Old:
			return errors.New("herd: legacy clients cannot resume; omit --old")
		case kind != "connect" && c.Search:
			return errors.New("--search goes with connect")
		}
	}
	return c.validateGrown()
}

// maxSize leaves room in a frame for what surrounds the text, in both directions.
const maxSize = largestFrame - 512

// Run measures and prints the results.
func (c *Cmd) Run(p *cli.Program) error {
	binary, _, err := spawn.OwnBinary()
	if err != nil {
		return err
	}
	return c.measure(p.Ctx, binary, p.Stdout)
}

// measure starts the server, which runs binary unless flags name another, and takes the measurements in order.
func (c *Cmd) measure(ctx context.Context, binary string, stdout io.Writer) (err error) {
	descriptors.Raise(wantDescriptors)
	t, err := c.target(ctx, binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	for _, kind := range c.Kinds {
		sizes := []int{c.Pairs[0]}
		if kind == "relay" {
			sizes = c.Pairs
		}
		for _, pairs := range sizes {
			figure, err := c.figure(ctx, t, kind, pairs)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			line, err := json.Marshal(figure)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%s\n", line)
		}
	}
	return nil
}

// wantDescriptors is enough for the sockets of the largest load.
const wantDescriptors = 1 << 16

// figure takes one measurement with its own connections, which are cut afterwards.
func (c *Cmd) figure(ctx context.Context, t *benchTarget, kind string, pairs int) (any, error) {
	l, err := NewLoop(t.to, t.host, t.path, t.key)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	b := &bench{cmd: c, target: t, loop: l, head: benchHead{Kind: kind, Server: t.name, Old: c.Old}}
	switch kind {
	case "connect":
		return b.connect(ctx)
	case "idle":
		return b.idle(ctx)
	case "herd":
		return b.herd(ctx)
	case "match":
		return b.match(ctx)
	case "relay":
		return b.relay(ctx, pairs)
	case "grown":
		return b.grown(ctx)
	}
	return b.mixed(ctx, pairs)
}

// bench takes one measurement.
type bench struct {
	cmd    *Cmd
	target *benchTarget
	loop   *Loop
	head   benchHead
}

// benchHead is the beginning of every line.
type benchHead struct {
	Kind   string `json:"kind"`
	Server string `json:"server"`
	Old    bool   `json:"old"`
}

// people returns --connections, or the kind's default.
func (b *bench) people(otherwise int) int {
	if b.cmd.Connections > 0 {
		return b.cmd.Connections
	}
	return otherwise
}

// measures runs the load for --duration, starting with begin, and returns how many seconds it took and what was used.
func (b *bench) measures(ctx context.Context, begin func()) (seconds float64, used spent, err error) {
	before, err := b.target.usage()
	if err != nil {
		return 0, used, err
	}
	began := b.loop.now()
	begin()
	if err := b.loop.runFor(ctx, b.cmd.Duration); err != nil {
		return 0, used, err
	}
	seconds = time.Duration(b.loop.now() - began).Seconds()
	used, err = b.target.spent(before)
	return seconds, used, err
}
