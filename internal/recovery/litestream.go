package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"chatme/internal/exit"
)

// LitestreamFlags are for a source that only Litestream can read.
type LitestreamFlags struct {
	Litestream string `name:"litestream" default:"litestream" help:"Litestream binary, 0.5.18 or newer, for a source that is a replica."`
	At         string `name:"at" placeholder:"TIME" help:"With a replica: restore the state at this time, not the latest (RFC 3339, for example 2026-03-01T20:15:00Z)."`
}

// litestreamInstall says what to do if Litestream is not installed.
const litestreamInstall = "install Litestream 0.5.18 or newer from https://litestream.io/install, or name its binary with --litestream"

// Replica is a source that Litestream has written.
type Replica struct {
	Binary  string
	environ []string
	args    []string // of restore: what to restore
}

// Replica returns source as a replica, nil if it is a file. database is its name in a Litestream configuration.
func (f LitestreamFlags) Replica(source, database string, environ []string) (*Replica, error) {
	args, err := replicaArgs(source, database)
	switch {
	case err != nil:
		return nil, err
	case args == nil && f.At != "":
		return nil, exit.WithCode(exit.Config, errors.New("--at goes with a replica; a backup has only one state"))
	case args == nil:
		return nil, nil
	}
	if f.At != "" {
		at, err := time.Parse(time.RFC3339, f.At)
		if err != nil {
			return nil, exit.WithCode(exit.Config, fmt.Errorf("--at %q: not a time; write for example 2026-03-01T20:15:00Z", f.At))
		}
		args = append([]string{"-timestamp", at.UTC().Format(time.RFC3339Nano)}, args...)
	}
	binary, err := exec.LookPath(f.Litestream)
	if err != nil {
		return nil, exit.WithCode(exit.Config, fmt.Errorf("%s is a replica, which only Litestream can read, and there is no program %s; %s",
			withoutSecret(source), f.Litestream, litestreamInstall))
	}
	return &Replica{Binary: binary, environ: environ, args: args}, nil
}

// replicaArgs returns the arguments that name source to litestream restore, nil if it is a file.
func replicaArgs(source, database string) ([]string, error) {
	if strings.Contains(source, "://") {
		return []string{source}, nil
	}
	path, err := filepath.Abs(source)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", source, err)
	}
	if ext := filepath.Ext(path); ext == ".yml" || ext == ".yaml" {
		database, err := filepath.Abs(database)
		return []string{"-config", path, database}, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return []string{"file://" + path}, nil
	}
	return nil, nil
}

// withoutSecret returns source without the password and parameters of a URL.
func withoutSecret(source string) string {
	u, err := url.Parse(source)
	if err != nil || u.Scheme == "" {
		return source
	}
	u.RawQuery = ""
	return u.Redacted()
}

// litestreamStop is how long Litestream may take to end after it is asked to.
const litestreamStop = 5 * time.Second

// Restore makes Litestream restore the replica into the file target and check all of it.
func (r *Replica) Restore(ctx context.Context, target string) error {
	cmd := exec.CommandContext(ctx, r.Binary, append([]string{"restore", "-integrity-check", "full", "-o", target}, r.args...)...)
	cmd.Env = r.environ
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = litestreamStop
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("litestream restore: %s", lastWords(said.String(), err))
	}
	if _, err := os.Stat(target); err != nil {
		return errors.New("litestream restore: it found nothing to restore")
	}
	return nil
}

// lastWords returns the last line of a program's output, or how it ended if there was none.
func lastWords(said string, err error) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if last := strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "Error: "); last != "" {
		return last
	}
	return err.Error()
}
