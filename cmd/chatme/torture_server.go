package main

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

	"chatme/internal/pace"
)

const (
	// listenWithin bounds a start on an idle machine, which takes a tenth of it.
	listenWithin = 20 * time.Second
	// stopWithin is more than a server's own limit on a stop.
	stopWithin = 10 * time.Second
	// startTries is for a port that somebody else's outgoing connection has for a moment.
	startTries = 5
)

// victim is an installation of its own to torture or to measure: its servers share a directory, a key and a port.
type victim struct {
	binary string
	flags  []string // of serve, besides those that make it this victim's
	env    []string // besides its key
	dir    string
	key    string
	addr   string // with the port that the first server was given
	log    *os.File
	under  []string       // the command that the next server runs under; none if empty
	now    *victimProcess // nil before the first, and after one was killed
}

// victimProcess is one run of the server.
type victimProcess struct {
	cmd    *exec.Cmd
	ready  chan string   // buffer 1: the address it listens on; never closed
	exited chan struct{} // closed once the process is gone
	words  []byte        // its last words, or its last line; to be read once exited is closed
}

// newVictim takes the directory dir, which remove deletes.
func newVictim(binary, dir, purpose string, flags ...string) (*victim, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &victim{binary: binary, flags: flags, dir: dir, key: purpose + "-" + rand.Text(), addr: "127.0.0.1:0", log: log}, nil
}

// database is the path of the victim's database.
func (v *victim) database() string { return filepath.Join(v.dir, "chatme.db") }

// start runs a server and waits until it listens.
func (v *victim) start(ctx context.Context) error {
	var err error
	for range startTries {
		if err = v.startOnce(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		if !pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return err
}

func (v *victim) startOnce(ctx context.Context) error {
	args := append(slices.Clone(v.under), v.binary, "serve", "--addr", v.addr, "--db", v.database(), "--log-format", "json")
	args = append(args, v.flags...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = v.dir
	cmd.Env = append(slices.Clone(v.env), "WEB_API_KEY="+v.key) // nothing of this process's: no other setting gets in
	cmd.Stdin, cmd.Stdout = strings.NewReader(""), v.log        // or it would need /dev/null
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	p := &victimProcess{cmd: cmd, ready: make(chan string, 1), exited: make(chan struct{})}
	go p.read(stderr, v.log)
	v.now = p
	waits, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case v.addr = <-p.ready:
		return nil
	case <-p.exited:
		return fmt.Errorf("the server ended with %d: %s", cmd.ProcessState.ExitCode(), p.words)
	case <-pace.Over(waits, listenWithin):
		v.kill()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the server does not listen")
	}
}

// read copies the log and looks for the address in it, until the process has ended.
func (p *victimProcess) read(stderr io.Reader, log io.Writer) {
	defer close(p.exited)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		text := lines.Bytes()
		fmt.Fprintf(log, "%s\n", text)
		if forPeople := []byte("chatme: "); bytes.HasPrefix(text, forPeople) || !bytes.HasPrefix(p.words, forPeople) {
			p.words = bytes.Clone(text) // behind which the log may go on for a moment
		}
		var line struct{ Msg, Addr string }
		if json.Unmarshal(text, &line) == nil && line.Msg == "listening" {
			p.ready <- line.Addr
		}
	}
	p.cmd.Wait()
}

// died says whether the server ended by itself.
func (v *victim) died() bool {
	if v.now == nil {
		return false
	}
	select {
	case <-v.now.exited:
		return true
	default:
		return false
	}
}

// kill ends the server as a power cut would end its process.
func (v *victim) kill() {
	if v.now == nil {
		return
	}
	v.now.cmd.Process.Kill() // an error says that it is gone
	<-v.now.exited
	v.now = nil
}

// stop asks the server to end, and kills it if it does not.
func (v *victim) stop() error {
	if v.now == nil {
		return nil
	}
	defer v.kill()
	if err := v.now.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	waits, cancel := context.WithCancel(context.Background())
	defer cancel()
	select {
	case <-v.now.exited:
	case <-pace.Over(waits, stopWithin):
		return errors.New("the server does not stop")
	}
	if code := v.now.cmd.ProcessState.ExitCode(); code != exitOK {
		return fmt.Errorf("the server stopped with %d: %s", code, v.now.words)
	}
	return nil
}

// finds returns the names of the files in which text stands, in the directory and below it. The server MUST be gone.
func (v *victim) finds(text string) (found []string, err error) {
	err = filepath.WalkDir(v.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte(text)) {
			found = append(found, strings.TrimPrefix(path, v.dir+"/"))
		}
		return err
	})
	return found, err
}

// remove ends what runs and deletes the directory, unless it is to be kept.
func (v *victim) remove(keep bool, say io.Writer) {
	v.kill()
	v.log.Close()
	if keep {
		fmt.Fprintf(say, "kept %s\n", v.dir)
		return
	}
	os.RemoveAll(v.dir)
}
