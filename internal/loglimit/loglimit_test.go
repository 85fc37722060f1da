package loglimit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// line is one line of a log.
type line struct {
	Level   string
	Msg     string
	Message string
	Count   int
	Conn    int
}

// log is a log in memory.
type log struct {
	*slog.Logger
	handler *Handler
	mu      sync.Mutex
	written bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.Write(p)
}

func newLog(level slog.Level) *log {
	l := &log{}
	l.handler = New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level}), map[string]string{"connection ended": "connections ended"})
	l.Logger = slog.New(l.handler)
	return l
}

// lines returns what was written since the last call.
func (l *log) lines(t *testing.T) (lines []line) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range strings.SplitAfter(l.written.String(), "\n") {
		if text == "" {
			continue
		}
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		lines = append(lines, one)
	}
	l.written.Reset()
	return lines
}

// TestEndsAreBounded: of a hundred thousand connections that end within a minute, from any number of goroutines, six hundred
// get their own line, and one line counts the others.
func TestEndsAreBounded(t *testing.T) {
	const ends, sockets = 100_000, 10
	for name, pause := range map[string]time.Duration{"evenly": time.Minute * sockets / ends, "in bursts": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLog(slog.LevelInfo)
				var wg sync.WaitGroup
				for socket := range sockets {
					wg.Go(func() {
						logger := l.With("conn", socket)
						for n := range ends / sockets {
							switch {
							case pause > 0:
								time.Sleep(pause)
							case n%100 == 99:
								time.Sleep(600 * time.Millisecond)
							}
							logger.Info("connection ended")
						}
					})
				}
				wg.Wait()
				time.Sleep(time.Minute) // for the lines dropped in the last minute
				written := l.lines(t)
				single, counted, reports := 0, 0, 0
				for _, one := range written {
					switch {
					case one.Msg == "connection ended":
						single++
					case one.Msg == "connections ended" && one.Level == "INFO":
						counted += one.Count
						reports++
					default:
						t.Errorf("%+v", one)
					}
				}
				if len(written) > 601 || single > 600 || reports != 1 || single+counted != ends {
					t.Errorf("%d lines of single ends and %d reports of %d: %d of %d", single, reports, counted, single+counted, ends)
				}
			})
		})
	}
}

// TestTenInAnySecond: the limit applies to any second, not only to the clock's.
func TestTenInAnySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog(slog.LevelInfo)
		burst := func(want int) {
			t.Helper()
			for range 50 {
				l.Info("connection ended")
			}
			if got := len(l.lines(t)); got != want {
				t.Errorf("%d lines, want %d", got, want)
			}
		}
		l.Info("connection ended")
		l.lines(t)
		time.Sleep(900 * time.Millisecond)
		burst(9)
		time.Sleep(100 * time.Millisecond)
		burst(1)
		time.Sleep(899 * time.Millisecond)
		burst(0)
		time.Sleep(time.Millisecond)
		burst(9)
		l.handler.Report()
	})
}

// TestLastCountIsReported: Flush reports the lines dropped in the last minute once, and they are not reported again.
func TestLastCountIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog(slog.LevelInfo)
		l.handler.Report()
		for range 25 {
			l.Info("connection ended")
		}
		l.lines(t)
		time.Sleep(10 * time.Second)
		l.handler.Report()
		if got := l.lines(t); len(got) != 1 || got[0].Msg != "connections ended" || got[0].Count != 15 {
			t.Errorf("%+v", got)
		}
		l.handler.Report()
		time.Sleep(time.Hour)
		if got := l.lines(t); len(got) != 0 {
			t.Errorf("again: %+v", got)
		}
	})
}

// TestEveryKindIsBounded: the limit applies to every message and every level above DEBUG, separately, at its own level.
func TestEveryKindIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog(slog.LevelDebug)
		for n := range 40 {
			l.Warn("commit failed, retrying", "n", n)
			l.WithGroup("g").Error("look up a session")
			l.Debug("request failed")
		}
		l.Info("listening")
		counts := map[string]int{}
		for _, one := range l.lines(t) {
			counts[one.Level+" "+one.Msg]++
		}
		want := map[string]int{"WARN commit failed, retrying": 10, "ERROR look up a session": 10, "DEBUG request failed": 40, "INFO listening": 1}
		if fmt.Sprint(counts) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", counts, want)
		}
		time.Sleep(time.Minute)
		reported := l.lines(t)
		wantReports := []line{
			{Level: "WARN", Msg: leftOut, Message: "commit failed, retrying", Count: 30},
			{Level: "ERROR", Msg: leftOut, Message: "look up a session", Count: 30},
		}
		if fmt.Sprint(reported) != fmt.Sprint(wantReports) {
			t.Errorf("%+v, want %+v", reported, wantReports)
		}
	})
}

// TestKindsAreBounded: messages that are not constant take no more memory than a hundred, and are limited together.
func TestKindsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog(slog.LevelInfo)
		for n := range 100_000 {
			l.Info(fmt.Sprint("message ", n))
		}
		if kinds := len(l.handler.books.kinds); kinds > maxKinds+1 {
			t.Errorf("%d kinds are remembered", kinds)
		}
		passed := len(l.lines(t))
		l.handler.Report()
		reported := l.lines(t)
		if passed != maxKinds+perSecond || len(reported) != 1 || reported[0].Message != others || passed+reported[0].Count != 100_000 {
			t.Errorf("%d lines, then %+v", passed, reported)
		}
	})
}

// BenchmarkLeftOut measures the cost of a dropped line.
func BenchmarkLeftOut(b *testing.B) {
	logger := slog.New(New(slog.NewJSONHandler(io.Discard, nil), nil))
	for b.Loop() {
		logger.Info("connection ended", "conn", 1, "reason", "closed by peer", "seconds", 1, "in", 3, "out", 4)
	}
}
