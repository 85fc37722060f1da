package main

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

// site is one installation: a directory with a database, a key, and the port that its servers share.
type site struct {
	tb    testing.TB
	bin   string
	dir   string
	root  string // in which its commands run, as a user without rights; "": the machine's
	db    string
	key   string        // WEB_API_KEY
	addr  string        // of all its servers
	flags []string      // further flags of serve
	env   []string      // further environment
	times []string      // environment before that: deadlines for this machine
	stops time.Duration // within it a server has to stop
	holds *os.File      // the listener that it holds for its servers, as systemd does; nil: each makes its own
	tls   *tls.Config   // of who dials; nil: it speaks plainly
	wrote *record       // all that its servers wrote
	first string        // what a shell does before it becomes the program; "": there is none

	attacked bool   // who dials may be taken for an attacker
	expects  string // an error that its servers are expected to log; ""
}

func newSite(tb testing.TB, bin string) *site {
	dir := tb.TempDir()
	return &site{
		tb: tb, bin: bin, dir: dir, db: filepath.Join(dir, "chatme.db"), key: "key-" + rand.Text(), addr: freeAddr(tb), wrote: &record{},
		times: unhurried(), stops: pace.Of(stopTimeout),
	}
}

// says waits until a server has this text in its log.
func (s *site) says(text string) {
	s.tb.Helper()
	if !pace.Until(s.tb.Context(), stepTimeout, func() bool { return strings.Contains(s.wrote.String(), text) }) {
		s.tb.Fatalf("no server has said %q:\n%s", text, s.wrote)
	}
}

// command is the binary with args, in the directory of the site and an environment of its own.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.bin, args...)
	cmd.Dir = s.dir
	cmd.Env = slices.Concat([]string{"WEB_API_KEY=" + s.key}, s.times, s.env)
	if s.root != "" {
		for i := range cmd.Args {
			cmd.Args[i] = strings.TrimPrefix(cmd.Args[i], s.root)
		}
		cmd.Dir = "/data"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: s.root, Credential: &syscall.Credential{Uid: bareUser, Gid: bareUser}}
	}
	if s.first != "" {
		behind(cmd, s.first)
	}
	if s.holds != nil {
		inherit(cmd, s.holds)
	}
	return cmd
}

// behind has a shell do something and then become the program of cmd.
func behind(cmd *exec.Cmd, first string) {
	program := cmd.Path
	cmd.Path = "/bin/sh"
	cmd.Args = append([]string{"sh", "-c", first + `; exec "$0" "$@"`, program}, cmd.Args[1:]...)
}

// inherit has cmd find sockets as systemd hands them over (sd_listen_fds(3)). Its number is only known to itself.
func inherit(cmd *exec.Cmd, sockets ...*os.File) {
	behind(cmd, "export LISTEN_PID=$$")
	cmd.Env = append(cmd.Env, fmt.Sprintf("LISTEN_FDS=%d", len(sockets)))
	cmd.ExtraFiles = sockets
}

// url is where clients dial.
func (s *site) url() string {
	if s.tls != nil {
		return "wss://" + s.addr
	}
	return "ws://" + s.addr
}

// start runs a server and waits until it listens.
func (s *site) start() (*process, line) {
	s.tb.Helper()
	p := &process{
		tb:    s.tb,
		cmd:   s.command(append([]string{"serve", "--addr", s.addr, "--db", s.db}, s.flags...)...),
		ready: make(chan line, 1), fails: make(chan line, 1), exited: make(chan struct{}), stops: s.stops,
		expects: s.expects,
	}
	p.cmd.Stdout = s.wrote
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(p.kill)
	go func() {
		defer close(p.exited)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			s.wrote.Write(append(lines.Bytes(), '\n'))
			p.read(lines.Bytes())
		}
		p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
	}()
	select {
	case l := <-p.ready:
		return p, l
	case <-p.exited:
		s.tb.Fatalf("the server ended with %d:\n%s", p.code, s.wrote.String())
	case <-time.After(pace.Of(stepTimeout)):
		s.tb.Fatalf("the server does not listen:\n%s", s.wrote.String())
	}
	panic("unreachable")
}

// fails runs the binary to its end and wants this exit code and one line on stderr, which it returns.
func (s *site) fails(code int, cmd *exec.Cmd) string {
	s.tb.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	timer := time.AfterFunc(pace.Of(stepTimeout), func() { cmd.Process.Kill() })
	cmd.Wait()
	timer.Stop()
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.tb.Errorf("exit code %d, want %d", got, code)
	}
	text := stderr.String()
	if stdout.Len() != 0 || strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "chatme: ") {
		s.tb.Errorf("want one line on stderr, got %q, and on stdout %q", text, stdout.String())
	}
	return strings.TrimSuffix(text, "\n")
}

// ask runs a query in Debian's sqlite3 shell, read-only and beside the server, and returns the rows, the columns
// separated by "|".
func (s *site) ask(query string) []string {
	s.tb.Helper()
	out, err := exec.CommandContext(step(s.tb), shell(s.tb), "-readonly", s.db, query).CombinedOutput()
	if err != nil {
		s.tb.Fatalf("%s: %v: %s", query, err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// asks wants these rows.
func (s *site) asks(query string, want ...string) {
	s.tb.Helper()
	if got := s.ask(query); !slices.Equal(got, want) {
		s.tb.Errorf("%s: %q, want %q", query, got, want)
	}
}

// comesTo asks until the answer is this row.
func (s *site) comesTo(query, want string) {
	s.tb.Helper()
	var got []string
	if !pace.Until(s.tb.Context(), stepTimeout, func() bool {
		got = s.ask(query)
		return slices.Equal(got, []string{want})
	}) {
		s.tb.Fatalf("%s: still %q, want %q", query, got, want)
	}
}

// bareUser is the user of the image.
const bareUser = 65532
