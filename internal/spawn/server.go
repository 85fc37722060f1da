// Package spawn runs servers as child processes, each in its own directory.
package spawn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"chatme/internal/exit"
	"chatme/internal/pace"
)

const (
	// ListenWithin bounds a start on an idle machine, which takes a tenth of it.
	ListenWithin = 20 * time.Second
	// stopWithin is longer than a server's own shutdown limit.
	stopWithin = 10 * time.Second
	// startTries covers a port that another process's outgoing connection uses for a moment.
	startTries = 5
)

// Server is a separate installation to torture or measure. Its runs share a directory, a key and a port.
type Server struct {
	binary string
	flags  []string // of serve, besides those of this installation
	Rates  []string // settings that Env may override; New sets GenerousRates
	Env    []string // besides the key
	Dir    string
	Key    string
	Addr   string // with the port of the first run
	log    *os.File
	Under  []string       // the command that the next run is under; none if empty
	Now    *victimProcess // nil before the first run, and after a kill
}

// victimProcess is one run of the server.
type victimProcess struct {
	Cmd    *exec.Cmd
	ready  chan string   // buffer 1: the address it listens on; never closed
	Exited chan struct{} // closed once the process has exited
	Words  []byte        // its final message, or its last line; valid once Exited is closed
}

// New uses the directory dir, which Remove deletes.
func New(binary, dir, purpose string, flags ...string) (*Server, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Server{binary: binary, flags: flags, Rates: GenerousRates, Dir: dir, Key: purpose + "-" + rand.Text(), Addr: "127.0.0.1:0", log: log}, nil
}

// Database returns the path of the server's database.
func (v *Server) Database() string { return filepath.Join(v.Dir, "chatme.db") }

// Start runs a server and waits until it listens.
func (v *Server) Start(ctx context.Context) error {
	var err error
	for range startTries {
		if err = v.StartOnce(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		if !pace.Pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return err
}

func (v *Server) StartOnce(ctx context.Context) error {
	args := append(slices.Clone(v.Under), v.binary, "serve", "--addr", v.Addr, "--db", v.Database(), "--log-format", "json")
	args = append(args, v.flags...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = v.Dir
	cmd.Env = append(slices.Concat(v.Rates, v.Env), "WEB_API_KEY="+v.Key) // nothing from this process's environment: no other setting applies
	cmd.Stdin, cmd.Stdout = strings.NewReader(""), v.log                  // or it would need /dev/null
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	p := &victimProcess{Cmd: cmd, ready: make(chan string, 1), Exited: make(chan struct{})}
	go p.read(stderr, v.log)
	v.Now = p
	waits, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case v.Addr = <-p.ready:
		return nil
	case <-p.Exited:
		return fmt.Errorf("the server exited with code %d: %s", cmd.ProcessState.ExitCode(), p.Words)
	case <-pace.Over(waits, ListenWithin):
		v.Kill()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the server did not start listening")
	}
}

// read copies the log and looks for the address in it, until the process has ended.
func (p *victimProcess) read(stderr io.Reader, log io.Writer) {
	defer close(p.Exited)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		text := lines.Bytes()
		fmt.Fprintf(log, "%s\n", text)
		if forPeople := []byte("chatme: "); bytes.HasPrefix(text, forPeople) || !bytes.HasPrefix(p.Words, forPeople) {
			p.Words = bytes.Clone(text) // the log may continue for a moment
		}
		var line struct{ Msg, Addr string }
		if json.Unmarshal(text, &line) == nil && line.Msg == "listening" {
			p.ready <- line.Addr
		}
	}
	p.Cmd.Wait()
}

// Died reports whether the server exited by itself.
func (v *Server) Died() bool {
	if v.Now == nil {
		return false
	}
	select {
	case <-v.Now.Exited:
		return true
	default:
		return false
	}
}

// Kill ends the server as a power cut would end its process.
func (v *Server) Kill() {
	if v.Now == nil {
		return
	}
	v.Now.Cmd.Process.Kill() // an error means that it has exited
	<-v.Now.Exited
	v.Now = nil
}

// Stop asks the server to shut down, and kills it if it does not.
func (v *Server) Stop() error {
	if v.Now == nil {
		return nil
	}
	defer v.Kill()
	if err := v.Now.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	waits, cancel := context.WithCancel(context.Background())
	defer cancel()
	select {
	case <-v.Now.Exited:
	case <-pace.Over(waits, stopWithin):
		return errors.New("the server did not shut down in time")
	}
	if code := v.Now.Cmd.ProcessState.ExitCode(); code != exit.OK {
		return fmt.Errorf("the server exited with code %d at shutdown: %s", code, v.Now.Words)
	}
	return nil
}

// Finds returns the names of the files below the directory that contain text. The server MUST have exited.
func (v *Server) Finds(text string) (found []string, err error) {
	err = filepath.WalkDir(v.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte(text)) {
			found = append(found, strings.TrimPrefix(path, v.Dir+"/"))
		}
		return err
	})
	return found, err
}

// Remove kills the server and deletes the directory unless keep is set.
func (v *Server) Remove(keep bool, say io.Writer) {
	v.Kill()
	v.log.Close()
	if keep {
		fmt.Fprintf(say, "kept %s\n", v.Dir)
		return
	}
	os.RemoveAll(v.Dir)
}
