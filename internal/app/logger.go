package app

import (
	"context"
	"io"
	"log/slog"
	"time"

	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/loglimit"
)

// newLogger returns the log. It passes at most ten lines a second of each message, so that clients cannot flood it. flush
// reports the lines dropped since the last report, and MUST be called before the process ends.
func newLogger(c *configuration, w io.Writer) (log *slog.Logger, flush func()) {
	limited := loglimit.New(newLogHandler(c, w), map[string]string{"connection ended": "connections ended"})
	return slog.New(limited), limited.Report
}

// newLogHandler returns the handler for the log's format: JSON for programs, text for people.
func newLogHandler(c *configuration, w io.Writer) slog.Handler {
	level := c.level
	text := c.LogFormat == "text" || c.LogFormat == "auto" && cli.IsTerminal(w)
	if !text {
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	}
	return slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.String(slog.TimeKey, a.Value.Time().Format(time.TimeOnly))
			}
			return a
		},
	})
}

// logLevel returns the level that cfg asks for.
func logLevel(cfg *config.Config) (level slog.Level) {
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // checked by config
	return level
}

// quietHandler drops the text of net/http's lines about single connections, because it contains addresses.
type quietHandler struct{ slog.Handler }

func (h quietHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, "request failed", r.PC))
}
