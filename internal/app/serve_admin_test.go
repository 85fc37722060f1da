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

// A tail that hears of the stop hears it to its end. Known defect: the socket was closed as soon as the last line was written, and
// the tail said that the server was gone without a word.
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
		<-ends // it has said all, and has not returned
	})})
	answer, err := admin.NewClient(path).Do(testbed.Step(t), http.MethodGet, "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		ctx, cancel := context.WithTimeout(context.Background(), pace.Of(testbed.StepTimeout))
		defer cancel()
		s.closeAdmin(ctx)
	}()
	select {
	case <-closed:
	case <-time.After(50 * time.Millisecond): // with the fault it is closed by now
	}
	close(ends)
	if said, err := io.ReadAll(answer.Body); err != nil || string(said) != "stopping" {
		t.Errorf("the answer is %q, %v", said, err)
	}
	<-closed
}
