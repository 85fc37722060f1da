// Package hostile implements the command that attacks a server from one address while honest clients use it, and measures
// what they notice.
//
// The server has its default rates and few descriptors. Each client gives its address in X-Forwarded-For, as a proxy on the
// same machine does. The attack runs in another process with the lowest priority, so that the honest clients and the server
// have the processors first: what is measured is what the server does, not how the system divides its processors.
package hostile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"chatme/internal/cli"
	"chatme/internal/descriptors"
	"chatme/internal/exit"
	"chatme/internal/spawn"
)

type Cmd struct {
	Attacks attacksCmd `cmd:"" help:"Attack in every way, one after the other."`
	Bots    botsCmd    `cmd:"" help:"Let bots press Next beside people, and measure how long people wait for each other."`
	Attack  attackCmd  `cmd:"" hidden:"" help:"The attacking process: starts at once, ends with its standard input."`
}

// serverFlags name the attacked server.
type serverFlags struct {
	Binary      string   `placeholder:"PROGRAM" help:"Attack the server of this chatme binary (default: this one)."`
	Set         []string `placeholder:"NAME=VALUE" sep:"none" help:"A setting of the server, CHATME_…=…; repeat it for several."`
	Descriptors int      `default:"2048" help:"Descriptor limit of the server, which sets its number of connections (descriptors)."`
	Scale       float64  `default:"1" help:"Size of the attacks, as a multiple."`
	Keep        bool     `help:"Keep the server's directory and print its path."`
}

// Validate checks the flags.
func (s *serverFlags) Validate() error {
	switch {
	case s.Descriptors < 256:
		return errors.New("--descriptors: must be at least 256")
	case s.Scale <= 0:
		return errors.New("--scale: must be above 0")
	}
	for _, set := range s.Set {
		if !strings.Contains(set, "=") {
			return fmt.Errorf("--set %s: want NAME=VALUE", set)
		}
	}
	return nil
}

// site is the attacked server.
type site struct {
	*spawn.Server
	own   string // the binary that attacks
	flags *serverFlags
}

// wantDescriptors is enough for the sockets of the largest attack.
const wantDescriptors = 1 << 14

// start starts a server with an empty database. own is the binary of this command.
func (s *serverFlags) start(ctx context.Context, own string) (*site, error) {
	descriptors.Raise(wantDescriptors)
	binary := s.Binary
	if binary == "" {
		binary = own
	}
	dir, err := spawn.ScratchDir("hostile")
	if err != nil {
		return nil, err
	}
	server, err := spawn.New(binary, dir, "hostile")
	if err != nil {
		return nil, err
	}
	server.Rates, server.Env = nil, s.Set
	server.Under = []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, s.Descriptors), "sh"}
	if err := server.Start(ctx); err != nil {
		server.Remove(false, io.Discard)
		return nil, err
	}
	return &site{server, own, s}, nil
}

// stop stops the server. It returns an error if the server has exited by itself.
func (s *site) stop(say io.Writer) error {
	defer s.Remove(s.flags.Keep, say)
	if s.Died() {
		return fmt.Errorf("the server exited unexpectedly: %s", s.Now.Words)
	}
	return s.Stop()
}

// attacksCmd attacks in every way.
type attacksCmd struct {
	serverFlags
	Names    []string      `arg:"" optional:"" name:"attack" help:"Attacks to run (default: all). Use list to list them."`
	Pairs    int           `default:"10" help:"Pairs of honest clients that chat (pairs)."`
	Duration time.Duration `default:"5s" help:"How long each attack lasts, and how long the honest clients are measured before it (duration)."`
	Rounds   int           `default:"1" help:"How often to run each attack, each time on a new server; the percentiles are of all rounds together (rounds)."`
	JSON     bool          `name:"json" help:"Print one JSON object per attack, on a line of its own."`
}

// Help returns the detailed help.
func (c *attacksCmd) Help() string {
	return `For each attack it starts a server with the default settings, lets honest clients chat, and others arrive and search,
and measures them before and during the attack. Times are the 99th percentile; a ratio is that during the attack to that
before it. The exit code is 1 if an honest client was refused or cut off, or waited too long.

The rows idle and elsewhere are not attacks: they show what this machine does when the attacking process keeps the processors
busy, and when it connects to a listener of its own.

Example: chatme hostile attacks sockets texts --duration 10s`
}

// Validate checks the flags.
func (c *attacksCmd) Validate() error {
	if c.Pairs < 1 || c.Duration <= 0 || c.Rounds < 1 {
		return errors.New("--pairs, --duration and --rounds: must be above 0")
	}
	return c.serverFlags.Validate()
}

// Run attacks and prints the results.
func (c *attacksCmd) Run(p *cli.Program) error {
	own, _, err := spawn.OwnBinary()
	if err != nil {
		return err
	}
	if len(c.Names) == 1 && c.Names[0] == "list" {
		for _, a := range attacks {
			fmt.Fprintf(p.Stdout, "%-12s %s\n", a.name, a.what)
		}
		return nil
	}
	lines, err := c.measure(p.Ctx, own, func(l *line) error {
		if c.JSON {
			return cli.PrintJSON(p.Stdout, l)
		}
		fmt.Fprintf(p.Stderr, "%s done\n", l.Attack)
		return nil
	}, p.Stderr)
	if !c.JSON && len(lines) > 0 {
		err = errors.Join(err, p.Table(header, rows(lines), notes(lines)))
	}
	for _, l := range lines {
		if l.Trouble > 0 && err == nil {
			err = errors.New("honest clients were refused, cut off or stuck")
		}
	}
	return err
}

// measure runs the attacks and returns what each did. done is called after each.
func (c *attacksCmd) measure(ctx context.Context, own string, done func(*line) error, say io.Writer) (lines []*line, err error) {
	chosen := attacks
	if len(c.Names) > 0 {
		chosen = nil
		for _, name := range c.Names {
			a := attackNamed(name)
			if a == nil {
				return nil, exit.WithCode(exit.Config, fmt.Errorf("no attack %q; use list to list them", name))
			}
			chosen = append(chosen, *a)
		}
	}
	for _, a := range chosen {
		l := &line{Attack: a.name}
		for range c.Rounds {
			if err := c.round(ctx, own, &a, l, say); err != nil {
				return lines, fmt.Errorf("%s: %w", a.name, err)
			}
		}
		lines = append(lines, l)
		if err := done(l); err != nil {
			return lines, err
		}
	}
	return lines, nil
}

// round measures honest clients before and during one attack, on a server of its own, and adds it to l.
func (c *attacksCmd) round(ctx context.Context, own string, a *attack, l *line, say io.Writer) (err error) {
	s, err := c.start(ctx, own)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop(say)) }()
	p := newPeople(ctx, s)
	defer p.leave()
	if err := p.pair(c.Pairs); err != nil {
		return err
	}
	p.measure(warmUp, &window{})
	p.measure(c.Duration, &l.quiet)
	p.arrivals.hold() // so that the attacker meets itself, or its victim
	var v *victim
	if a.victim {
		if v, err = p.victim(); err != nil {
			return err
		}
	}
	attacker, err := s.attack(ctx, a.name)
	if err != nil {
		return err
	}
	p.arrivals.release()
	p.measure(c.Duration, &l.during)
	if v != nil {
		l.suffers(v.next(c.Duration))
	}
	did, err := attacker.stop()
	if err != nil {
		return err
	}
	rows, err := sessionRows(ctx, s.Database())
	p.leave()
	l.adds(did, rows, &p.troubles)
	return err
}

// warmUp is not measured.
const warmUp = 500 * time.Millisecond
