package app

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"chatme/internal/admin"
)

// A server that is stopped right after startup leaves no admin socket behind. Known defect: it did if the socket was not
// served yet.
func TestSocketIsRemovedAfterAnEarlyStop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chatme.db.sock")
	for range 200 {
		listener, err := admin.Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		s := &instance{}
		s.serveInside(listener, &http.Server{})
		s.closeAdmin(t.Context())
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Fatalf("the socket exists after shutdown: %v", err)
		}
	}
}
