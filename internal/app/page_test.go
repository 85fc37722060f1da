package app

import (
	"bytes"
	"html"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/cli"
	"chatme/internal/exit"
)

// TestPageSettings: the page settings take effect, and a directory that is not a page is reported at startup.
func TestPageSettings(t *testing.T) {
	args := []string{"serve", "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "chatme.db"), "--web-dir", t.TempDir()}
	var stdout, stderr bytes.Buffer
	if code := cli.Run(t.Context(), &struct {
		Serve ServeCmd `cmd:""`
	}{}, args, []string{"WEB_API_KEY=a-key-for-this-test"}, &stdout, &stderr); code != exit.Config {
		t.Errorf("exit code %d, want %d", code, exit.Config)
	}
	if !strings.Contains(stderr.String(), "has no index.html") {
		t.Errorf("stderr:\n%s", &stderr)
	}
	cfg, _, err := (&cli.Program{}).Load(cli.Settings{}, map[string]string{"web-api-key": "a-key-for-this-test", "web": "off"})
	if err != nil {
		t.Fatal(err)
	}
	if page, err := newPage(cfg); page != nil || err != nil {
		t.Errorf("--web=off: %v, %v", page, err)
	}
	cfg.Web = "on"
	cfg.Languages = []string{"de"}
	page, err := newPage(cfg)
	if page == nil || err != nil {
		t.Fatalf("--web=on: %v, %v", page, err)
	}
	// What a reader may choose must be there before the first connection.
	body := httptest.NewRecorder()
	page.ServeHTTP(body, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	for _, want := range []string{`"topics":["music","games",`, `"languages":["de"]`, `"openMs":5000`} {
		if !strings.Contains(html.UnescapeString(body.Body.String()), want) {
			t.Errorf("no %s in the page", want)
		}
	}
}
