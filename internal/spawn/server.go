// Package spawn runs servers as child processes, each in a directory of its own.
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
	// stopWithin is more than a server's own limit on a stop.
	stopWithin = 10 * time.Second
	// startTries is for a port that somebody else's outgoing connection has for a moment.
	startTries = 5
)

// Server is an installation of its own to torture or to measure: its servers share a directory, a key and a port.
type Server struct {
	binary string
	flags  []string // of serve, besides those that make it this victim's
	Env    []string // besides its key
	Dir    string
	Key    string
	Addr   string // with the port that the first server was given
	log    *os.File
	Under  []string       // the command that the next server runs under; none if empty
	Now    *victimProcess // nil before the first, and after one was killed
}

// victimProcess is one run of the server.
type victimProcess struct {
	Cmd    *exec.Cmd
	ready  chan string   // buffer 1: the address it listens on; never closed
	Exited chan struct{} // closed once the process is gone
	Words  []byte        // its last words, or its last line; to be read once exited is closed
}

// New takes the directory dir, which remove deletes.
func New(binary, dir, purpose string, flags ...string) (*Server, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Server{binary: binary, flags: flags, Dir: dir, Key: purpose + "-" + rand.Text(), Addr: "127.0.0.1:0", log: log}, nil
}

// Database is the path of the victim's database.
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
	cmd.Env = append(slices.Clone(v.Env), "WEB_API_KEY="+v.Key) // nothing of this process's: no other setting gets in
	cmd.Stdin, cmd.Stdout = strings.NewReader(""), v.log        // or it would need /dev/null
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
		return fmt.Errorf("the server ended with %d: %s", cmd.ProcessState.ExitCode(), p.Words)
	case <-pace.Over(waits, ListenWithin):
		v.Kill()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the server does not listen")
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
			p.Words = bytes.Clone(text) // behind which the log may go on for a moment
		}
		var line struct{ Msg, Addr string }
		if json.Unmarshal(text, &line) == nil && line.Msg == "listening" {
			p.ready <- line.Addr
		}
	}
	p.Cmd.Wait()
}

// Died says whether the server ended by itself.
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
	v.Now.Cmd.Process.Kill() // an error says that it is gone
	<-v.Now.Exited
	v.Now = nil
}

// Stop asks the server to end, and kills it if it does not.
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
		return errors.New("the server does not stop")
	}
	if code := v.Now.Cmd.ProcessState.ExitCode(); code != exit.OK {
		return fmt.Errorf("the server stopped with %d: %s", code, v.Now.Words)
	}
	return nil
}

// Finds returns the names of the files in which text stands, in the directory and below it. The server MUST be gone.
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

// Remove ends what runs and deletes the directory, unless it is to be kept.
func (v *Server) Remove(keep bool, say io.Writer) {
	v.Kill()
	v.log.Close()
	if keep {
		fmt.Fprintf(say, "kept %s\n", v.Dir)
		return
	}
	os.RemoveAll(v.Dir)
}
