package torture

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// tortureTimeout limits a short run; a slow machine needs a third of it.
const tortureTimeout = 5 * time.Minute

// TestTorture runs the command briefly, as an operator does, and then only its checker, against a server that keeps
// running.
func TestTorture(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	t.Run("Kills", func(t *testing.T) {
		t.Parallel()
		line := tortures(t, bin, exit.OK, "--kills", "12", "--clients", "40")
		if line.Stops != 1 || line.Locks != 1 || line.Slow != 4 || line.Proxied != 8 {
			t.Errorf("%d stops and %d locks, want one each in %d kills; %d slow readers, %d slow links", line.Stops, line.Locks, plagueEvery, line.Slow, line.Proxied)
		}
		if line.Kills != 12 || line.Landed == 0 || line.Acknowledged == 0 || line.Received == 0 || line.Chats == 0 || len(line.Binary) != 64 {
			t.Errorf("%+v", line)
		}
	})
	t.Run("Restores", func(t *testing.T) {
		t.Parallel()
		line := tortures(t, bin, exit.OK, "--kills", "2", "--clients", "40", "--litestream", replicates(t, bin))
		if r := line.Restored; line.Kills != 2 || r == nil || r.Restores != 2 || r.Bad != 0 || line.Received == 0 {
			t.Errorf("%+v, %+v", line, r)
		}
	})
	t.Run("URL", func(t *testing.T) {
		t.Parallel()
		s := testbed.NewSite(t, bin)
		s.Start()
		line := tortures(t, bin, exit.OK, "--url", "ws://"+s.Addr, "--api-key", s.Key, "--clients", "20", "--duration", pace.Waited(3*time.Second).String())
		if line.Kills != 0 || line.Received == 0 {
			t.Errorf("%+v", line)
		}
	})
	t.Run("NotInTime", func(t *testing.T) {
		t.Parallel()
		tortures(t, bin, exit.Failure, "--kills", "1000", "--clients", "4", "--duration", "1s")
	})
}

// replicates returns a program that does with backups what torture expects of Litestream.
func replicates(t *testing.T, bin string) string {
	name := filepath.Join(t.TempDir(), "replicates")
	script := `#!/bin/sh
set -e
case $1 in
replicate) # -config FILE
	db=$(sed -n 's/^  - path: //p' "$3") dir=$(sed -n 's/^      path: //p' "$3")
	mkdir -p "$dir"
	while :; do
		rm -f "$dir/next"
		` + bin + ` backup --db "$db" "$dir/next" && mv "$dir/next" "$dir/last"
		sleep 0.2
	done ;;
restore) # -integrity-check full -o TARGET file://DIR
	cp "${6#file://}/last" "$5" ;;
esac
`
	testbed.WriteProgram(t, name, []byte(script))
	return name
}

// tortures runs the command to completion and returns its last line.
func tortures(t *testing.T, bin string, code int, args ...string) (line tortureLine) {
	t.Helper()
	ctx, cancel := pace.WithTimeout(t.Context(), tortureTimeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, append([]string{"torture"}, args...)...)
	cmd.Stdout, cmd.Stderr, cmd.Dir, cmd.Env = &stdout, &stderr, t.TempDir(), []string{}
	cmd.Run() // the exit code says more
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("exit code %d, want %d\n%s%s", got, code, stdout.String(), stderr.String())
	}
	lines := bytes.Split(bytes.TrimSpace(stdout.Bytes()), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &line); err != nil {
		t.Fatalf("the last line is not JSON: %v\n%s%s", err, stdout.String(), stderr.String())
	}
	if code == exit.OK && len(lines) != 1 {
		t.Errorf("want one line on stdout, got %s", stdout.String())
	}
	return line
}

// The list of faults is checked before anything starts.
func TestTortureFaults(t *testing.T) {
	stage.Long(t)
	tests := map[string]struct {
		names []string
		good  bool
	}{
		"all":               {allFaults, true},
		"some":              {[]string{faultStop, faultGhost}, true},
		"none":              {[]string{"none"}, true},
		"unknown":           {[]string{faultStop, "fire"}, false},
		"none with another": {[]string{"none", faultStop}, false},
		"wrong case":        {[]string{"Stop"}, false},
		"empty":             {nil, true},
	}
	for name, tt := range tests {
		if err := checkFaults(tt.names, allFaults); (err == nil) != tt.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Another program cannot commit while the write lock is held, and can after its release.
func TestLockDatabaseHoldsTheWriteLock(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	s := testbed.NewSite(t, bin)
	s.Start()
	locked, err := lockDatabase(t.Context(), s.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.close()
	begins := func() error {
		cmd := exec.CommandContext(t.Context(), testbed.Shell(t), "-bail", "-cmd", ".timeout 100", s.DB, "BEGIN IMMEDIATE; ROLLBACK;")
		return cmd.Run()
	}
	if begins() == nil {
		t.Error("another program began to write while the lock was held")
	}
	locked.release()
	if err := begins(); err != nil {
		t.Errorf("write after the lock was released: %v", err)
	}
}
