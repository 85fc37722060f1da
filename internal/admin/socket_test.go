package admin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/admin"
)

// A socket that a killed server left behind has no server.
func TestClientOfAKilledServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	killed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	killed.SetUnlinkOnClose(false)
	killed.Close()
	if err := admin.NewClient(path).Get(t.Context(), "/status", nil); err == nil || !strings.Contains(err.Error(), "nothing answers there") {
		t.Errorf("stale socket: %v", err)
	}
}

// The errors of Listen name the path, and the setting if another path helps.
func TestListenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "file"), filepath.Join(dir, "s.sock")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := admin.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for path, want := range map[string]string{
		file:                 "something else is already there; name another path (CHATME_ADMIN)",
		socket:               "already in use by another server; name another path (CHATME_ADMIN)",
		dir + "/none/s.sock": "no such file or directory",
	} {
		if _, err := admin.Listen(path); err == nil || !strings.Contains(err.Error(), path+": "+want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// serveAt serves handler on a socket and returns a client of it.
func serveAt(t *testing.T, handler http.HandlerFunc) *admin.Client {
	path := filepath.Join(t.TempDir(), "s.sock")
	listener, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return admin.NewClient(path)
}

func TestClientReturnsTheServersError(t *testing.T) {
	c := serveAt(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			io.WriteString(w, `{"method":"`+r.Method+`","q":"`+r.URL.Query().Get("q")+`"}`)
		case "/nonsense":
			io.WriteString(w, "<html>")
		case "/no":
			http.Error(w, "no session s_1", http.StatusNotFound)
		case "/mute":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			http.NotFound(w, r)
		}
	})
	var answer struct{ Method, Q string }
	if err := c.Post(t.Context(), "/good?q=1", &answer); err != nil || answer.Method != "POST" || answer.Q != "1" {
		t.Errorf("%+v, %v", answer, err)
	}
	if err := c.Get(t.Context(), "/good", nil); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{
		"/nonsense": "is it another version?",
		"/no":       "no session s_1",
		"/mute":     "503 Service Unavailable",
		"/unheard":  "does not know /unheard; is it another version?",
	} {
		if err := c.Get(t.Context(), path, &answer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	none := filepath.Join(t.TempDir(), "none.sock")
	err := admin.NewClient(none).Get(context.Background(), "/good", nil)
	if err == nil || !strings.Contains(err.Error(), "no server at "+none) || !strings.Contains(err.Error(), "--db") {
		t.Errorf("without a server: %v", err)
	}
}
