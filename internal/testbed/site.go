// Package testbed supports tests that run chatme as a process: installations, clients that fail their test, files,
// certificates and proxies.
package testbed

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/pace"
)

// Site is one installation: a directory with a database, a key, and the port that its servers share.
type Site struct {
	TB    testing.TB
	Bin   string
	Dir   string
	Root  string // root directory of its commands, run as an unprivileged user; "": the machine's
	DB    string
	Key   string        // WEB_API_KEY
	Addr  string        // shared by all its servers
	Flags []string      // further flags of serve
	Env   []string      // further environment
	times []string      // environment before Env: timeouts for this machine
	stops time.Duration // the time limit for a server's shutdown
	Holds []*os.File    // the listeners that it holds for its servers, as systemd does; nil: each opens its own
	TLS   *tls.Config   // of the clients; nil: no TLS
	Wrote *Record       // the output of all its servers
	First string        // what a shell does before it becomes the program; "": no shell

	Attacked bool   // a client may be treated as an attacker
	Expects  string // an error that its servers are expected to log; ""
}

func NewSite(tb testing.TB, bin string) *Site {
	dir := tb.TempDir()
	return &Site{
		TB: tb, Bin: bin, Dir: dir, DB: filepath.Join(dir, "chatme.db"), Key: "key-" + rand.Text(), Addr: FreeAddr(tb), Wrote: &Record{},
		times: Unhurried(), stops: pace.Of(StopTimeout),
	}
}

// Says waits until a server has logged this text.
func (s *Site) Says(text string) {
	s.TB.Helper()
	if !pace.Until(s.TB.Context(), StepTimeout, func() bool { return strings.Contains(s.Wrote.String(), text) }) {
		s.TB.Fatalf("no server has logged %q:\n%s", text, s.Wrote)
	}
}

// Command returns the binary with args, in the directory of the site and with its own environment.
func (s *Site) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.Bin, args...)
	cmd.Dir = s.Dir
	cmd.Env = slices.Concat([]string{"WEB_API_KEY=" + s.Key}, s.times, s.Env)
	if s.Root != "" {
		for i := range cmd.Args {
			cmd.Args[i] = strings.TrimPrefix(cmd.Args[i], s.Root)
		}
		cmd.Dir = "/data"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: s.Root, Credential: &syscall.Credential{Uid: BareUser, Gid: BareUser}}
	}
	if s.First != "" {
		behind(cmd, s.First)
	}
	if s.Holds != nil {
		Inherit(cmd, s.Holds...)
	}
	return cmd
}

// behind makes a shell run first and then become the program of cmd.
func behind(cmd *exec.Cmd, first string) {
	program := cmd.Path
	cmd.Path = "/bin/sh"
	cmd.Args = append([]string{"sh", "-c", first + `; exec "$0" "$@"`, program}, cmd.Args[1:]...)
}

// Inherit passes sockets to cmd as systemd does (sd_listen_fds(3)). Only the process itself knows its process ID.
func Inherit(cmd *exec.Cmd, sockets ...*os.File) {
	behind(cmd, "export LISTEN_PID=$$")
	cmd.Env = append(cmd.Env, fmt.Sprintf("LISTEN_FDS=%d", len(sockets)))
	cmd.ExtraFiles = sockets
}

// URL returns the URL that clients dial.
func (s *Site) URL() string {
	if s.TLS != nil {
		return "wss://" + s.Addr
	}
	return "ws://" + s.Addr
}

// Start runs a server and waits until it listens.
func (s *Site) Start() (*Process, Line) {
	s.TB.Helper()
	p := &Process{
		TB:    s.TB,
		Cmd:   s.Command(append([]string{"serve", "--addr", s.Addr, "--db", s.DB}, s.Flags...)...),
		ready: make(chan Line, 1), Fails: make(chan Line, 1), exited: make(chan struct{}), Stops: s.stops,
		expects: s.Expects,
	}
	p.Cmd.Stdout = s.Wrote
	stderr, err := p.Cmd.StderrPipe()
	if err == nil {
		err = p.Cmd.Start()
	}
	if err != nil {
		s.TB.Fatal(err)
	}
	s.TB.Cleanup(p.Kill)
	go func() {
		defer close(p.exited)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			s.Wrote.Write(append(lines.Bytes(), '\n'))
			p.read(lines.Bytes())
		}
		p.Cmd.Wait()
		p.code = p.Cmd.ProcessState.ExitCode()
	}()
	select {
	case l := <-p.ready:
		return p, l
	case <-p.exited:
		s.TB.Fatalf("the server ended with %d:\n%s", p.code, s.Wrote.String())
	case <-time.After(pace.Of(StepTimeout)):
		s.TB.Fatalf("the server does not listen:\n%s", s.Wrote.String())
	}
	panic("unreachable")
}

// Fails runs the binary to completion. It requires this exit code and one line on stderr, which it returns.
func (s *Site) Fails(code int, cmd *exec.Cmd) string {
	s.TB.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		s.TB.Fatal(err)
	}
	timer := time.AfterFunc(pace.Of(StepTimeout), func() { cmd.Process.Kill() })
	cmd.Wait()
	timer.Stop()
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.TB.Errorf("exit code %d, want %d", got, code)
	}
	text := stderr.String()
	if stdout.Len() != 0 || strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "chatme: ") {
		s.TB.Errorf("want one line on stderr, got %q, and on stdout %q", text, stdout.String())
	}
	return strings.TrimSuffix(text, "\n")
}

// ask runs a query in Debian's sqlite3 shell, read-only and next to the server. It returns the rows, with columns
// separated by "|".
func (s *Site) ask(query string) []string {
	s.TB.Helper()
	out, err := exec.CommandContext(Step(s.TB), Shell(s.TB), "-readonly", s.DB, query).CombinedOutput()
	if err != nil {
		s.TB.Fatalf("%s: %v: %s", query, err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// Asks requires these rows.
func (s *Site) Asks(query string, want ...string) {
	s.TB.Helper()
	if got := s.ask(query); !slices.Equal(got, want) {
		s.TB.Errorf("%s: %q, want %q", query, got, want)
	}
}

// ComesTo queries until the answer is this row.
func (s *Site) ComesTo(query, want string) {
	s.TB.Helper()
	var got []string
	if !pace.Until(s.TB.Context(), StepTimeout, func() bool {
		got = s.ask(query)
		return slices.Equal(got, []string{want})
	}) {
		s.TB.Fatalf("%s: still %q, want %q", query, got, want)
	}
}

// BareUser is the user of the image.
const BareUser = 65532
