package web

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFramesFollowTheOrigins(t *testing.T) {
	h := mustNewWith(t, Config{APIKey: "key", Frames: []string{"https://site.example", "http://localhost:5173"}})
	const want = "; frame-ancestors 'self' https://site.example http://localhost:5173; "
	for _, path := range []string{"/", "/chatme.js", "/-/unknown"} {
		if got := do(t, h, "GET", path).Header().Get("Content-Security-Policy"); !strings.Contains(got, want) {
			t.Errorf("%s: %q does not contain %q", path, got, want)
		}
	}
}

func TestInvalidOrigin(t *testing.T) {
	for _, origin := range []string{"https://a;script-src", "https://a b", "https://*.example", "https://'self'", "https://ä.example", "a\nb"} {
		if _, err := New(Config{APIKey: "key", Frames: []string{origin}}); err == nil {
			t.Errorf("%q: no error", origin)
		}
	}
}

// mustWriteDir returns a new directory with files.
func mustWriteDir(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func TestCustomPage(t *testing.T) {
	dir := mustWriteDir(t, map[string]string{
		"index.html": `<meta name="chatme-key" content="CHATME-KEY">mine`, "look/a.css": "a{}", "b.unknown": "plain",
		".env": "SECRET=1", ".git/config": "x",
	})
	if err := os.Symlink(filepath.Join(mustWriteDir(t, map[string]string{"out": "outside"}), "out"), filepath.Join(dir, "leak.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{APIKey: "key", Dir: dir}); err == nil {
		t.Error("a link out of the directory was accepted")
	}
	if err := os.Remove(filepath.Join(dir, "leak.txt")); err != nil {
		t.Fatal(err)
	}

	h := mustNewWith(t, Config{APIKey: "a&b", Dir: dir})
	for path, want := range map[string][2]string{
		"/":             {`<meta name="chatme-key" content="a&amp;b">mine`, "text/html; charset=utf-8"},
		"/-/look/a.css": {"a{}", "text/css; charset=utf-8"},
		"/-/b.unknown":  {"plain", "text/plain; charset=utf-8"},
	} {
		got := do(t, h, "GET", path)
		if got.Code != 200 || got.Body.String() != want[0] || got.Header().Get("Content-Type") != want[1] {
			t.Errorf("%s: %d %q %q, want %q", path, got.Code, got.Body, got.Header().Get("Content-Type"), want)
		}
	}
	if got := do(t, h, "GET", "/chatme.js"); !strings.Contains(got.Body.String(), "class ChatMe") {
		t.Errorf("the library is not served with a custom page: %d", got.Code)
	}
	for _, path := range []string{"/-/.env", "/-/.git/config", "/-/app.js", "/-/index.html"} {
		if got := do(t, h, "GET", path); got.Code != 404 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestCustomLibrary(t *testing.T) {
	dir := mustWriteDir(t, map[string]string{"index.html": "x", "chatme.js": "mine"})
	if got := do(t, mustNewWith(t, Config{APIKey: "key", Dir: dir}), "GET", "/chatme.js"); got.Body.String() != "mine" {
		t.Errorf("got %.40q", got.Body)
	}
}

func TestInvalidDirectory(t *testing.T) {
	large := mustWriteDir(t, map[string]string{"index.html": "x", "large.bin": ""})
	if err := os.Truncate(filepath.Join(large, "large.bin"), dirMax+1); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none"), "without a page": t.TempDir(), "too large": large,
	} {
		if _, err := New(Config{APIKey: "key", Dir: dir}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
