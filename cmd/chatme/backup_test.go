package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestInterrupted: who is interrupted says so, and has written nothing.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"chatme.db", "other.db"} {
		if err := writeExample(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	before := mustRead(t, "chatme.db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"backup", "copy.db"}, {"restore", "--replace", "other.db"}} {
		var stdout, stderr bytes.Buffer
		if code := run(ctx, args, nil, &stdout, &stderr); code != exitFailure || !strings.HasPrefix(stderr.String(), "chatme: interrupted; ") {
			t.Errorf("%q: exit code %d: %s%s", args, code, &stdout, &stderr)
		}
	}
	if !bytes.Equal(mustRead(t, "chatme.db"), before) {
		t.Error("the database has changed")
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if name := e.Name(); strings.HasPrefix(name, "copy") || strings.Contains(name, ".part-") {
			t.Errorf("%s is left", filepath.Join(dir, name))
		}
	}
}

func TestFigures(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 53248: "53,248", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 1500 * time.Nanosecond: "2µs", 12345 * time.Microsecond: "12.3ms", 1234 * time.Millisecond: "1.23s",
		61400 * time.Millisecond: "1m1s", 25*time.Hour + 40*time.Second: "25h1m0s", 50 * time.Hour: "2 days",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}
