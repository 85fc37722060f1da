package hostile

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"chatme/internal/cli"
	"chatme/internal/descriptors"
	"chatme/internal/pace"
)

// attacker is the process that attacks, as the measuring process sees it.
type attacker struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
	words strings.Builder
}

const (
	readyLine = "ready"
	// readyWithin bounds the preparation of an attack, and its end.
	readyWithin = 30 * time.Second
)

// attack starts an attack and returns once it is prepared.
func (s *site) attack(ctx context.Context, name string) (*attacker, error) {
	args := []string{s.own, "hostile", "attack", name, "--at", s.Addr, "--scale", strconv.FormatFloat(s.flags.Scale, 'g', -1, 64)}
	if nice, err := exec.LookPath("nice"); err == nil {
		args = append([]string{nice, "-n", "19"}, args...)
	}
	a := &attacker{cmd: exec.Command(args[0], args[1:]...)}
	a.cmd.Env = append(os.Environ(), keyVariable+"="+s.Key)
	a.cmd.Stderr = &a.words
	stdin, err := a.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	a.stdin, a.lines = stdin, bufio.NewScanner(stdout)
	if err := a.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the attacking process: %w", err)
	}
	ready := make(chan bool, 1)
	go func() { ready <- a.lines.Scan() && a.lines.Text() == readyLine }()
	waits, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case ok := <-ready:
		if ok {
			return a, nil
		}
	case <-pace.Over(waits, readyWithin):
	}
	a.cmd.Process.Kill()
	a.cmd.Wait()
	return nil, errors.Join(ctx.Err(), fmt.Errorf("the attack was not prepared: %s", a.words.String()))
}

// stop ends the attack and returns what it counted.
func (a *attacker) stop() (did map[string]int, err error) {
	a.stdin.Close()
	late := time.AfterFunc(pace.Of(readyWithin), func() { a.cmd.Process.Kill() })
	defer late.Stop()
	if a.lines.Scan() {
		err = json.Unmarshal(a.lines.Bytes(), &did)
	}
	if err = errors.Join(err, a.cmd.Wait()); err != nil {
		return nil, fmt.Errorf("the attacking process: %w: %s", err, a.words.String())
	}
	return did, nil
}

const keyVariable = "CHATME_HOSTILE_KEY"

// attackCmd is the process that attacks.
type attackCmd struct {
	Name  string  `arg:""`
	At    string  `required:"" help:"Address of the server."`
	Scale float64 `default:"1"`
}

// Run attacks until its standard input ends, and prints what it counted.
func (c *attackCmd) Run(p *cli.Program) error {
	a := attackNamed(c.Name)
	if a == nil {
		return fmt.Errorf("no attack %q", c.Name)
	}
	descriptors.Raise(wantDescriptors)
	ctx, cancel := context.WithCancel(p.Ctx)
	defer cancel()
	go func() {
		defer cancel()
		io.Copy(io.Discard, os.Stdin)
	}()
	f := newFront(ctx, c.At, os.Getenv(keyVariable), c.Scale)
	f.ready = func() { fmt.Fprintln(p.Stdout, readyLine) }
	a.run(f)
	<-ctx.Done()
	f.running.Wait()
	return cli.PrintJSON(p.Stdout, f.counted())
}
