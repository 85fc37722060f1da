// Package load is the command that measures a server, and the clients that put the load on it: tens of thousands in one
// goroutine.
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

	Connections int           `default:"0" help:"People who connect; default: idle 10000, connect 5000, herd and match 2000, mixed 1000 beside the pairs (connections)."`
	Pairs       []int         `default:"50,500" help:"Pairs who chat in relay, one figure for each; mixed takes the first (pairs)."`
	Rate        int           `default:"0" help:"relay: messages in all, sent when they are due, whatever was heard; 0: each side sends the next when it hears one. mixed: default 1000 (messages a second)."`
	Size        int           `default:"100" help:"Length of a text (bytes)."`
	Duration    time.Duration `default:"5s" help:"How long is measured; of idle, how long it is quiet (duration)."`
	Dialers     int           `default:"64" help:"People who connect at one time; in herd all do (connections)."`
	Think       time.Duration `default:"0" help:"match: between matched and Next; 0: at once. mixed: default 500ms (duration)."`
	Sessions    int           `default:"100000" help:"grown: sessions in the database before the start (sessions)."`
	Waiting     int           `default:"0" help:"grown: of them in the queue (sessions)."`
	InChats     int           `default:"0" help:"grown: of them in chats (sessions)."`
	Old         bool          `help:"Speak the base protocol: no session to come back to, no acknowledgements."`

	URL    string `name:"url" placeholder:"URL" help:"Measure the server at this address, ws:// or http://, instead of an own one."`
	APIKey string `name:"api-key" placeholder:"KEY" help:"With --url: the key to authenticate with."`
	PID    int    `name:"pid" help:"With --url: the process of that server, to know its memory and CPU."`
	Exec   string `placeholder:"COMMAND" help:"Start this server instead; {addr} stands for the address it is to listen on. The key is in its environment as WEB_API_KEY."`
	Name   string `help:"What the figures call the server (default: chatme; with --exec or --url what is started or where it is)."`
}

// Help is the text behind the flags.
func (c *Cmd) Help() string {
	return `The server is started by this command, on loopback and with a scratch database, once for all the kinds given.

  connect   how many connect and authenticate in a second
  idle      memory of a connection, CPU and commits while all are quiet
  herd      all sockets are cut at one moment, and all come back at once
  match     everybody searches, and presses Next once matched
  relay     pairs chat
  mixed     pairs chat while others search and press Next
  grown     start, memory, and the cost of a resume and of a new session, with many sessions in the database

Each figure is one JSON object on a line of stdout. Times are in microseconds; cpu_s is the server's, load_cpu_s this
command's own.

Example: chatme bench relay --pairs 500 --duration 10s`
}

// The defaults that depend on the kind.
const (
	idlePeople    = 10_000
	connectPeople = 5_000
	herdPeople    = 2_000
	matchPeople   = 2_000
	mixedPeople   = 1_000
	mixedRate     = 1_000
	mixedThink    = 500 * time.Millisecond
)

// Validate says what is wrong with the flags.
func (c *Cmd) Validate() error {
	switch {
	case c.Connections < 0 || c.Rate < 0 || c.Think < 0 || c.PID < 0:
		return errors.New("--connections, --rate, --think and --pid: not below 0")
	case c.Duration <= 0 || c.Dialers <= 0 || len(c.Pairs) == 0:
		return errors.New("--duration, --dialers and --pairs: above 0")
	case c.Size < stampDigits || c.Size > maxSize:
		return fmt.Errorf("--size: %d to %d", stampDigits, maxSize)
	case c.URL != "" && c.Exec != "":
		return errors.New("--url and --exec: one of the two")
	case c.URL == "" && (c.APIKey != "" || c.PID != 0):
		return errors.New("--api-key and --pid go with --url")
	case c.URL != "" && c.APIKey == "":
		return errors.New("--url needs --api-key")
	}
	for _, pairs := range c.Pairs {
		if pairs <= 0 {
			return errors.New("--pairs: above 0")
		}
	}
	for _, kind := range c.Kinds {
		if kind == "herd" && c.Old {
			return errors.New("herd: old clients have nothing to come back to")
		}
	}
	return c.validateGrown()
}

// maxSize leaves room in a frame for what is around the text, also when it comes back.
const maxSize = largestFrame - 512

// Run measures and prints the figures.
func (c *Cmd) Run(p *cli.Program) error {
	binary, _, err := spawn.OwnBinary()
	if err != nil {
		return err
	}
	return c.measure(p.Ctx, binary, p.Stdout)
}

// measure starts the server, which is binary if it is an own one, and takes the figures in their order.
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

// wantDescriptors is as many as the largest load has sockets, and some.
const wantDescriptors = 1 << 16

// figure takes one figure with connections of its own, which are cut afterwards.
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

// bench takes one figure.
type bench struct {
	cmd    *Cmd
	target *benchTarget
	loop   *Loop
	head   benchHead
}

// benchHead begins every line.
type benchHead struct {
	Kind   string `json:"kind"`
	Server string `json:"server"`
	Old    bool   `json:"old"`
}

// people is --connections, or the kind's default.
func (b *bench) people(otherwise int) int {
	if b.cmd.Connections > 0 {
		return b.cmd.Connections
	}
	return otherwise
}

// measures runs the load for --duration, from begin on, and returns how many seconds that took and what was used.
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
