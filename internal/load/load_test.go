package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"chatme/internal/pace"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// benchTimeout bounds a short run; a slow machine needs a third of it.
const benchTimeout = 90 * time.Second

// TestBench takes each measurement briefly with few clients, and checks what does not depend on time.
func TestBench(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	for name, tt := range map[string]struct {
		cmd   Cmd
		check func(t *testing.T, line benchFigure)
	}{
		"connect": {Cmd{Connections: 20}, func(t *testing.T, line benchFigure) {
			line.is(t, "connections", 20)
			line.is(t, "commits", 0) // a session has no row before its first search
			line.above0(t, "connects_per_second", "p50_us", "p99_us")
		}},
		"connect, searching": {Cmd{Kinds: []string{"connect"}, Connections: 20, Search: true}, func(t *testing.T, line benchFigure) {
			line.is(t, "connections", 20)
			line.above0(t, "connects_per_second", "p50_us", "p99_us", "commits")
		}},
		"connect, searching, legacy": {Cmd{Kinds: []string{"connect"}, Connections: 20, Search: true, Old: true}, func(t *testing.T, line benchFigure) {
			line.above0(t, "connects_per_second", "commits")
		}},
		"idle": {Cmd{Connections: 20}, func(t *testing.T, line benchFigure) {
			line.is(t, "connections", 20)
			line.is(t, "commits", 0)
			line.above0(t, "connects_per_second", "rss_before", "rss_after", "quiet_s")
		}},
		"herd": {Cmd{Connections: 20}, func(t *testing.T, line benchFigure) {
			line.is(t, "connections", 20)
			line.above0(t, "resumes_per_second", "p99_us")
		}},
		"match": {Cmd{Connections: 30}, func(t *testing.T, line benchFigure) {
			line.is(t, "think_ms", 0)
			line.above0(t, "matches", "matches_per_second", "p50_us", "p99_us", "commits")
		}},
		"match, legacy, with think time": {Cmd{Kinds: []string{"match"}, Connections: 30, Think: 50 * time.Millisecond, Old: true}, func(t *testing.T, line benchFigure) {
			line.is(t, "think_ms", 50)
			line.above0(t, "matches", "matches_per_second", "p99_us")
		}},
		"relay": {Cmd{Pairs: []int{3}}, func(t *testing.T, line benchFigure) {
			line.is(t, "pairs", 3)
			line.is(t, "commits", 0)
			line.above0(t, "messages", "messages_per_second", "p50_us", "p99_us", "max_us")
		}},
		"relay, legacy, at a fixed rate": {Cmd{Kinds: []string{"relay"}, Pairs: []int{3}, Rate: 200, Old: true}, func(t *testing.T, line benchFigure) {
			line.is(t, "rate", 200)
			line.above0(t, "messages", "p50_us", "p99_us", "max_us")
		}},
		"mixed": {Cmd{Pairs: []int{3}, Connections: 30, Rate: 50, Think: 50 * time.Millisecond}, func(t *testing.T, line benchFigure) {
			line.is(t, "pairs", 3)
			line.is(t, "others", 30)
			line.above0(t, "messages", "matches", "p99_without_us", "p99_us", "p99_ratio")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "match" && name != "relay" {
				stage.Long(t)
			}
			t.Parallel()
			tt.cmd.Size, tt.cmd.Dialers, tt.cmd.Duration = 100, 8, pace.Waited(time.Second)
			if tt.cmd.Kinds == nil {
				tt.cmd.Kinds = []string{name}
			}
			if tt.cmd.Pairs == nil {
				tt.cmd.Pairs = []int{1}
			}
			line := benches(t, tt.cmd, bin)[0]
			if line["kind"] != tt.cmd.Kinds[0] || line["server"] != "chatme" || line["old"] != tt.cmd.Old {
				t.Errorf("%v", line)
			}
			line.above0(t, "load_cpu_s", "cpu_s")
			tt.check(t, line)
		})
	}
	t.Run("URL", func(t *testing.T) {
		stage.Long(t)
		t.Parallel()
		s := testbed.NewSite(t, bin)
		s.Start()
		lines := benches(t, Cmd{
			Kinds: []string{"connect", "relay"}, Pairs: []int{1, 2}, Connections: 4, Size: 16, Dialers: 1, Duration: pace.Waited(time.Second),
			URL: "ws://" + s.Addr, APIKey: s.Key, Name: "elsewhere",
		}, bin)
		if len(lines) != 3 {
			t.Fatalf("%d lines", len(lines))
		}
		for i, pairs := range []float64{1, 2} {
			lines[i+1].is(t, "pairs", pairs)
			if lines[i+1]["server"] != "elsewhere" || lines[i+1]["cpu_s"] != nil {
				t.Errorf("%v", lines[i+1])
			}
		}
	})
	t.Run("WrongKey", func(t *testing.T) {
		t.Parallel()
		s := testbed.NewSite(t, bin)
		s.Start()
		var stdout bytes.Buffer
		c := Cmd{Kinds: []string{"connect"}, Pairs: []int{1}, Connections: 1, Size: 16, Dialers: 1, Duration: time.Second, URL: "ws://" + s.Addr, APIKey: "x"}
		if err := c.measure(testbed.Step(t), bin, &stdout); err == nil || stdout.Len() > 0 {
			t.Errorf("%v, %s", err, stdout.String())
		}
	})
	t.Run("Interrupted", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		c := Cmd{Kinds: []string{"match"}, Pairs: []int{1}, Connections: 4, Size: 16, Dialers: 1, Duration: time.Hour}
		if err := c.measure(ctx, bin, &bytes.Buffer{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// benchFigure is one line of the command's output.
type benchFigure map[string]any

func (f benchFigure) is(t *testing.T, member string, want float64) {
	t.Helper()
	if got, ok := f[member].(float64); !ok || math.Abs(got-want) > 1e-9 {
		t.Errorf("%s is %v, want %v", member, f[member], want)
	}
}

func (f benchFigure) above0(t *testing.T, members ...string) {
	t.Helper()
	for _, member := range members {
		if got, ok := f[member].(float64); !ok || got < 0 || got == 0 && member != "cpu_s" && member != "load_cpu_s" {
			t.Errorf("%s is %v", member, f[member])
		}
	}
}

// benches takes the measurements in this process, possibly under the race detector.
func benches(t *testing.T, c Cmd, bin string) (lines []benchFigure) {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := pace.WithTimeout(t.Context(), benchTimeout)
	defer cancel()
	var stdout bytes.Buffer
	if err := c.measure(ctx, bin, &stdout); err != nil {
		t.Fatal(err)
	}
	for text := range bytes.Lines(stdout.Bytes()) {
		var line benchFigure
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		t.Fatal("no figure")
	}
	return lines
}
