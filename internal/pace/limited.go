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
	over := g.over(waiting, d)
	go func() {
		defer close(l.done)
		<-over // after its time, or with waiting
		switch {
		case waiting.Err() == nil:
			l.err = context.DeadlineExceeded
		case ctx.Err() != nil:
			l.err = ctx.Err()
		default:
			l.err = context.Canceled
		}
		stop()
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
