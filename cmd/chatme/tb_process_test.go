package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/pace"
)

// process is one run of the server.
type process struct {
	tb     testing.TB
	cmd    *exec.Cmd
	ready  chan line     // buffer 1: the line "listening"
	fails  chan line     // buffer 1: the first line that says a commit fails
	exited chan struct{} // closed once the process is gone and code is set
	code   int
	stops  time.Duration // within it it has to stop

	expects string // an error in the log
}

// line is a line of the log.
type line struct {
	Level, Msg, Error string
	Restored          int
	ReadyMs           int64 `json:"ready_ms"`
}

func (p *process) read(text []byte) {
	if bytes.HasPrefix(text, []byte("chatme: ")) {
		return // its last words, for people; whoever waits for the end looks at the exit code
	}
	var l line
	switch err := json.Unmarshal(text, &l); {
	case err != nil:
		p.tb.Errorf("the log has a line that is no JSON: %s", text)
	case l.Level == "ERROR" && l.Msg != p.expects:
		p.tb.Errorf("the log has an error: %s", text)
	case l.Msg == "listening":
		p.ready <- l
	case strings.HasPrefix(l.Msg, "commit fails"):
		select {
		case p.fails <- l:
		default:
		}
	}
}

// kill ends the process as power loss would, if it is still there, and waits for that.
func (p *process) kill() {
	p.cmd.Process.Kill() // an error says that it is gone
	<-p.exited
}

// terminate asks it to stop and returns its exit code and how long that took.
func (p *process) terminate() (code int, took time.Duration) {
	p.tb.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.tb.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(pace.Of(stepTimeout)):
		p.tb.Fatal("SIGTERM is not obeyed")
	}
	return p.code, time.Since(began)
}
