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
	Litestream string `name:"litestream" default:"litestream" help:"Litestream's program, 0.5.18 or newer, for a source that is a replica."`
	At         string `name:"at" placeholder:"TIME" help:"With a replica: as of this moment (RFC 3339, for example 2026-03-01T20:15:00Z), not the latest."`
}

// litestreamInstall is what to do where there is no Litestream.
const litestreamInstall = "install Litestream 0.5.18 or newer from https://litestream.io/install, or name its program with --litestream"

// Replica is something that Litestream has written.
type Replica struct {
	Binary  string
	environ []string
	args    []string // of restore: what to restore
}

// Replica returns source as a replica, nil if it is a file. database is its name in a configuration of Litestream.
func (f LitestreamFlags) Replica(source, database string, environ []string) (*Replica, error) {
	args, err := replicaArgs(source, database)
	switch {
	case err != nil:
		return nil, err
	case args == nil && f.At != "":
		return nil, exit.WithCode(exit.Config, errors.New("--at goes with a replica of Litestream; a backup is of one moment"))
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

// replicaArgs returns what names source to litestream restore, nil if it is a file.
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

// withoutSecret is source without a password or parameters that a URL may have.
func withoutSecret(source string) string {
	u, err := url.Parse(source)
	if err != nil || u.Scheme == "" {
		return source
	}
	u.RawQuery = ""
	return u.Redacted()
}

// litestreamStop is how long Litestream may take to end when it is asked to.
const litestreamStop = 5 * time.Second

// Restore has Litestream put the replica into the file target, and check it from end to end.
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

// lastWords is the last line of what a program said, or how it ended if it said nothing.
func lastWords(said string, err error) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if last := strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "Error: "); last != "" {
		return last
	}
	return err.Error()
}
