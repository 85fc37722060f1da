// Package loglimit limits how much clients can make the server log. A client that opens and closes sockets causes one line
// for each, megabytes a minute, and so does anything else that a client can trigger.
//
// A message is constant, so it identifies a kind of line. Of each kind at most ten lines a second pass; the others are
// counted, and one line a minute reports the count. This applies to every kind, including future ones. Lines below INFO
// always pass, because they were explicitly enabled.
package loglimit

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	perSecond = 10          // lines of one kind that pass within any second
	every     = time.Minute // how often dropped lines are reported
	// maxKinds bounds the memory in case a message is not constant: later messages count as one kind.
	maxKinds = 100
)

const (
	others    = "other messages"      // the kind of messages beyond maxKinds
	leftOut   = "lines were left out" // report for a kind without a summary
	countName = "count"
)

// Handler is a slog.Handler in front of another. It is safe for concurrent use.
type Handler struct {
	next  slog.Handler
	books *books // shared with the handlers that WithAttrs and WithGroup return
}

// books are shared by all handlers derived from one.
type books struct {
	out       slog.Handler      // for reports; static
	summaries map[string]string // static

	mu    sync.Mutex
	kinds map[string]*kind
	timer *time.Timer // calls report; nil: no line was dropped since the last
}

// kind is the state for the lines with one message.
type kind struct {
	message string
	passed  [perSecond]time.Time // when the last lines passed, in a ring
	oldest  int                  // index of the oldest in passed
	left    int                  // dropped since the last report
	level   slog.Level           // highest level of the dropped lines
}

// New returns a handler in front of next. summaries maps messages to the message of their report; a message without one is
// reported with a general message that names it.
func New(next slog.Handler, summaries map[string]string) *Handler {
	return &Handler{next: next, books: &books{out: next, summaries: summaries, kinds: make(map[string]*kind)}}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(attrs), h.books}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.books}
}

// Handle implements slog.Handler. Dropping a record is not an error.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo && !h.books.passes(r.Message, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// Report reports the lines dropped since the last report. Call it before the process ends.
func (h *Handler) Report() { h.books.report() }

// passes reports whether one more line with this message may pass now, and counts it if not.
func (b *books) passes(message string, level slog.Level) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.kinds[message]
	if k == nil && len(b.kinds) >= maxKinds {
		message = others
		k = b.kinds[message]
	}
	if k == nil {
		k = &kind{message: message}
		b.kinds[message] = k
	}
	now := time.Now()
	if first := k.passed[k.oldest]; first.IsZero() || now.Sub(first) >= time.Second {
		k.passed[k.oldest] = now
		k.oldest = (k.oldest + 1) % perSecond
		return true
	}
	if k.left == 0 {
		k.level = level
	}
	k.left++
	k.level = max(k.level, level)
	if b.timer == nil {
		b.timer = time.AfterFunc(every, b.report)
	}
	return false
}

// report writes a line for each kind with dropped lines.
func (b *books) report() {
	for _, k := range b.endMinute() {
		ctx := context.Background()
		if !b.out.Enabled(ctx, k.level) {
			continue
		}
		message, named := b.summaries[k.message]
		if !named {
			message = leftOut
		}
		r := slog.NewRecord(time.Now(), k.level, message, 0)
		if !named {
			r.AddAttrs(slog.String("message", k.message))
		}
		r.AddAttrs(slog.Int(countName, k.left))
		_ = b.out.Handle(ctx, r) // ignored, as in slog.Logger
	}
}

// endMinute ends the counting of a minute and returns what to report, by message.
func (b *books) endMinute() []kind {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	var told []kind
	for _, k := range b.kinds {
		if k.left > 0 {
			told = append(told, *k)
			k.left = 0
		}
	}
	slices.SortFunc(told, func(a, b kind) int { return cmp.Compare(a.message, b.message) })
	return told
}
