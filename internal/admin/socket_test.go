package admin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/admin"
)

// The socket admits the server's user and group, whatever the umask, and is removed with its listener.
func TestListenMakesASocketOfMode0660(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	old := syscall.Umask(0o077)
	listener, err := admin.Listen(path)
	syscall.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("%v, %v; want a socket of mode 0660", info.Mode(), err)
	}
	listener.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after Close: %v, want no socket", err)
	}
}

func TestListenReplacesTheSocketOfAKilledServer(t *testing.T) {
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
	listener, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

// Listen does not remove files or sockets that belong to something else.
func TestListenRemovesNothingElse(t *testing.T) {
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
		file:                           "something else is already there; name another path",
		socket:                         "another server answers there; name another path",
		dir + "/none/s.sock":           "no such file or directory",
		dir + strings.Repeat("x", 120): "invalid argument",
	} {
		if _, err := admin.Listen(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("the file holds %q, %v", text, err)
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

// A symbolic link in place of the socket is not followed: its target is neither removed nor created.
func TestListenFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	file, nothing := filepath.Join(dir, "file"), filepath.Join(dir, "nothing")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{file, nothing} {
		link := target + ".sock"
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Listen(link); err == nil || !strings.Contains(err.Error(), "something else is already there; name another path") {
			t.Errorf("%s: %v", link, err)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	if _, err := os.Lstat(nothing); !os.IsNotExist(err) {
		t.Errorf("the target of a link was created: %v", err)
	}
}
