package testbed

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

// Process is one run of the server.
type Process struct {
	TB     testing.TB
	Cmd    *exec.Cmd
	ready  chan Line     // buffer 1: the line "listening"
	Fails  chan Line     // buffer 1: the first line that reports a failed commit
	exited chan struct{} // closed once the process has exited and code is set
	code   int
	Stops  time.Duration // the time limit for its shutdown

	expects string // an expected error in the log
}

// Line is a line of the log.
type Line struct {
	Level, Msg, Error string
	Restored          int
	ReadyMs           int64 `json:"ready_ms"`
}

func (p *Process) read(text []byte) {
	if bytes.HasPrefix(text, []byte("chatme: ")) {
		return // the final error message, for people; a caller that waits for the exit checks the exit code
	}
	var l Line
	switch err := json.Unmarshal(text, &l); {
	case err != nil:
		p.TB.Errorf("the log has a line that is not JSON: %s", text)
	case l.Level == "ERROR" && l.Msg != p.expects:
		p.TB.Errorf("the log has an error: %s", text)
	case l.Msg == "listening":
		p.ready <- l
	case strings.HasPrefix(l.Msg, "commit failed"):
		select {
		case p.Fails <- l:
		default:
		}
	}
}

// Kill kills the process as a power loss would, if it is still running, and waits for it to exit.
func (p *Process) Kill() {
	p.Cmd.Process.Kill() // an error means that it has exited
	<-p.exited
}

// Terminate asks the process to stop, and returns its exit code and how long that took.
func (p *Process) Terminate() (code int, took time.Duration) {
	p.TB.Helper()
	began := time.Now()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.TB.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(pace.Of(StepTimeout)):
		p.TB.Fatal("the server did not exit after SIGTERM")
	}
	return p.code, time.Since(began)
}
