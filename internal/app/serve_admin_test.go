package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"chatme/internal/admin"
	"chatme/internal/pace"
	"chatme/internal/testbed"
)

// A tail receives all events of the shutdown. Known defect: the socket was closed as soon as the last line was written, and
// the tail reported a lost connection.
func TestStopLetsAnAnswerEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &instance{log: slog.New(slog.DiscardHandler)}
	ends := make(chan struct{})
	s.serveInside(listener, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "stopping")
		http.NewResponseController(w).Flush()
		<-ends // everything is written, but the handler has not returned
	})})
	answer, err := admin.NewClient(path).Do(testbed.Step(t), http.MethodGet, "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		ctx, cancel := pace.WithTimeout(context.Background(), testbed.StepTimeout)
		defer cancel()
		s.closeAdmin(ctx)
	}()
	select {
	case <-closed:
	case <-time.After(50 * time.Millisecond): // with the defect it is closed by now
	}
	close(ends)
	if said, err := io.ReadAll(answer.Body); err != nil || string(said) != "stopping" {
		t.Errorf("got %q, %v", said, err)
	}
	<-closed
}
