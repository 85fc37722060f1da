package pace

import (
	"context"
	"time"
)

// limited is a context with a time limit that is not known in advance.
type limited struct {
	context.Context
	done chan struct{}
	err  error // once done is closed
}

func (g *gauge) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	waiting, stop := context.WithCancel(ctx)
	l := &limited{Context: ctx, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		defer stop()
		switch {
		case g.wait(waiting, d):
			l.err = context.DeadlineExceeded
		case ctx.Err() != nil:
			l.err = ctx.Err()
		default:
			l.err = context.Canceled
		}
	}()
	return l, func() {
		stop()
		<-l.done
	}
}

func (l *limited) Done() <-chan struct{} { return l.done }

func (l *limited) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}
