package main

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestFailedStartIsNotKilled fails a start at each place behind its first row, and then looks what is said of it.
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
		spoil func(t *testing.T, s *running) (args []string)
		code  int
		ended string // the newest start; "signal": the failed one left no row
	}{
		"the port is taken": {func(t *testing.T, s *running) []string { return []string{"--addr", taken(t)} }, exitFailure, "signal"},
		"no such certificate": {func(t *testing.T, s *running) []string {
			return []string{"--tls-cert", s.db + ".none", "--tls-key", s.db + ".none"}
		}, exitConfig, "signal"},
		"a file where the admin socket is to be": {func(t *testing.T, s *running) []string {
			mustWrite(t, s.db+".sock", nil)
			return nil
		}, exitConfig, "failed start (exit code 78)"},
		"another server on the admin socket": {func(t *testing.T, s *running) []string {
			other := runServer(t)
			return []string{"--admin", other.db + ".sock"}
		}, exitConfig, "failed start (exit code 78)"},
		"the scraper's port is taken": {func(t *testing.T, s *running) []string { return []string{"--metrics-addr", taken(t)} },
			exitFailure, "failed start (exit code 1)"},
		"no such page": {func(t *testing.T, s *running) []string { return []string{"--web-dir", s.db + ".none"} },
			exitConfig, "failed start (exit code 78)"},
		"too few descriptors": {func(t *testing.T, s *running) []string { return []string{"--max-conns", "2000000000"} },
			exitConfig, "failed start (exit code 78)"},
		"a chat of one": {func(t *testing.T, s *running) []string {
			sqlite(t, s.db, `INSERT INTO sessions (id, hash, resumable, created_at, pair, side, alias, matched_at)
				VALUES (4294967297, zeroblob(32), 1, 1, 4294967298, 0, '00000000-0000-0000-0000-000000000000', 1)`)
			return nil
		}, exitBadDatabase, "failed start (exit code 65)"},
		"the witness cannot be written": {func(t *testing.T, s *running) []string {
			mustMkdir(t, filepath.Join(s.db+".witness.part", "in the way"))
			return nil
		}, exitNotWritable, "failed start (exit code 73)"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: a fork of another test shares the lock of a database until its exec
			s := stoppedServer(t)
			args := append([]string{"serve", "--addr", "127.0.0.1:0"}, tt.spoil(t, s)...)
			ctx, cancel := context.WithTimeout(t.Context(), 3*stepTimeout) // it ends by itself
			defer cancel()
			if code, _, stderr := s.chatme(ctx, doctorTree(), args...); code != tt.code {
				t.Fatalf("exit code %d, want %d: %s", code, tt.code, stderr)
			}
			if got := lastEnd(t, s); got != tt.ended {
				t.Errorf("it ended %q, want %q", got, tt.ended)
			}
			state, text := findingWarning, "failed start"
			if tt.ended == "signal" {
				state, text = findingOK, "ended in order (signal)"
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

// lastEnd is how the newest start ended.
func lastEnd(t *testing.T, s *running) string {
	t.Helper()
	_, stdout, stderr := s.chatme(t.Context(), doctorTree(), "deployments", "--json")
	var found struct {
		Deployments []deploymentLine `json:"deployments"`
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || len(found.Deployments) == 0 {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	return found.Deployments[0].Ended
}
