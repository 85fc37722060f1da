package doctor

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/exit"
	"chatme/internal/operator"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// TestFailedStartIsNotKilled fails a start at each point after its first row, and then checks what doctor reports.
func TestFailedStartIsNotKilled(t *testing.T) {
	taken := func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.Addr().String()
	}
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, s *inside.Running) (args []string)
		code  int
		ended string // how the newest start ended; "signal": the failed one left no row
	}{
		"the port is taken": {func(t *testing.T, s *inside.Running) []string { return []string{"--addr", taken(t)} }, exit.Failure, "signal"},
		"no such certificate": {func(t *testing.T, s *inside.Running) []string {
			return []string{"--tls-cert", s.DB + ".none", "--tls-key", s.DB + ".none"}
		}, exit.Config, "signal"},
		"a file in place of the admin socket": {func(t *testing.T, s *inside.Running) []string {
			testbed.MustWrite(t, s.DB+".sock", nil)
			return nil
		}, exit.Config, "failed start (exit code 78)"},
		"another server on the admin socket": {func(t *testing.T, s *inside.Running) []string {
			other := inside.RunServer(t)
			return []string{"--admin", other.DB + ".sock"}
		}, exit.Config, "failed start (exit code 78)"},
		"the scraper's port is taken": {func(t *testing.T, s *inside.Running) []string { return []string{"--metrics-addr", taken(t)} },
			exit.Failure, "failed start (exit code 1)"},
		"no such page": {func(t *testing.T, s *inside.Running) []string { return []string{"--web-dir", s.DB + ".none"} },
			exit.Config, "failed start (exit code 78)"},
		"too few descriptors": {func(t *testing.T, s *inside.Running) []string { return []string{"--max-conns", "2000000000"} },
			exit.Config, "failed start (exit code 78)"},
		"a chat of one": {func(t *testing.T, s *inside.Running) []string {
			testbed.Sqlite(t, s.DB, `INSERT INTO sessions (id, hash, resumable, created_at, pair, side, alias, matched_at)
				VALUES (4294967297, zeroblob(32), 1, 1, 4294967298, 0, '00000000-0000-0000-0000-000000000000', 1)`)
			return nil
		}, exit.BadDatabase, "failed start (exit code 65)"},
		"the witness cannot be written": {func(t *testing.T, s *inside.Running) []string {
			testbed.MustMkdir(t, filepath.Join(s.DB+".witness.part", "in the way"))
			return nil
		}, exit.NotWritable, "failed start (exit code 73)"},
	} {
		t.Run(name, func(t *testing.T) { // not parallel: a fork of another test shares the lock of a database until its exec
			s := inside.StoppedServer(t)
			args := append([]string{"serve", "--addr", "127.0.0.1:0"}, tt.spoil(t, s)...)
			ctx, cancel := context.WithTimeout(t.Context(), 3*testbed.StepTimeout) // serve ends by itself
			defer cancel()
			if code, _, stderr := s.Chatme(ctx, doctorTree(), args...); code != tt.code {
				t.Fatalf("exit code %d, want %d: %s", code, tt.code, stderr)
			}
			if got := lastEnd(t, s); got != tt.ended {
				t.Errorf("it ended %q, want %q", got, tt.ended)
			}
			state, text := findingWarning, "failed start"
			if tt.ended == "signal" {
				state, text = findingOK, "shut down cleanly (signal)"
			}
			_, found := doctored(t, s, "--integrity", "off", "--addr", "127.0.0.1:0")
			found.Findings.wants(t, state, "starts", text, "")
			for _, f := range found.Findings {
				if strings.Contains(f.Text, "killed") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// lastEnd returns how the newest start ended.
func lastEnd(t *testing.T, s *inside.Running) string {
	t.Helper()
	_, stdout, stderr := s.Chatme(t.Context(), doctorTree(), "runs", "--json")
	var found struct {
		Deployments []operator.RunLine `json:"deployments"`
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || len(found.Deployments) == 0 {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	return found.Deployments[0].Ended
}
