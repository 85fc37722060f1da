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
	Fails  chan Line     // buffer 1: the first line that says a commit fails
	exited chan struct{} // closed once the process is gone and code is set
	code   int
	Stops  time.Duration // within it it has to stop

	expects string // an error in the log
}

// Line is a line of the log.
type Line struct {
	Level, Msg, Error string
	Restored          int
	ReadyMs           int64 `json:"ready_ms"`
}

func (p *Process) read(text []byte) {
	if bytes.HasPrefix(text, []byte("chatme: ")) {
		return // its last words, for people; whoever waits for the end looks at the exit code
	}
	var l Line
	switch err := json.Unmarshal(text, &l); {
	case err != nil:
		p.TB.Errorf("the log has a line that is no JSON: %s", text)
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

// Kill ends the process as power loss would, if it is still there, and waits for that.
func (p *Process) Kill() {
	p.Cmd.Process.Kill() // an error says that it is gone
	<-p.exited
}

// Terminate asks it to stop and returns its exit code and how long that took.
func (p *Process) Terminate() (code int, took time.Duration) {
	p.TB.Helper()
	began := time.Now()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.TB.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(pace.Of(StepTimeout)):
		p.TB.Fatal("SIGTERM is not obeyed")
	}
	return p.code, time.Since(began)
}
