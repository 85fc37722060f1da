package certificate

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"chatme/internal/testbed"
)

// inUse returns the serial number of the certificate that a handshake gets.
func inUse(tb testing.TB, c *Certificate) int64 {
	tb.Helper()
	pair, err := c.get(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return pair.Leaf.SerialNumber.Int64()
}

func TestCertificateIsReadAgain(t *testing.T) {
	files := testbed.NewCertFiles(t)
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	said := func(want string) {
		t.Helper()
		if got := out.String(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("logged %q, want %q", got, want)
		}
		out.Reset()
	}
	if _, err := Open(files.Cert, files.Key, log); err == nil || !strings.Contains(err.Error(), files.Cert) {
		t.Errorf("there is no file: %v", err)
	}
	files.Write(90 * 24 * time.Hour)
	c, err := Open(files.Cert, files.Key, log)
	if err != nil {
		t.Fatal(err)
	}
	look := func() { c.lookedAt.Store(0) } // as if the next check were due
	if got := inUse(t, c); got != 1 {
		t.Errorf("number %d in use", got)
	}
	said("")

	files.Write(90 * 24 * time.Hour)
	if got := inUse(t, c); got != 1 {
		t.Errorf("number %d in use: every handshake checks the files", got)
	}
	look()
	if got := inUse(t, c); got != 2 {
		t.Errorf("number %d in use after the files have changed", got)
	}
	said("certificate read")

	// A certificate whose key arrives a moment later: an invalid pair until then.
	key := testbed.MustRead(t, files.Key)
	files.Write(90 * 24 * time.Hour)
	newKey := testbed.MustRead(t, files.Key)
	files.Put(files.Key, key)
	look()
	if got := inUse(t, c); got != 2 {
		t.Errorf("number %d in use, which has no key", got)
	}
	said("keeping the current certificate")
	look()
	inUse(t, c)
	said("") // already logged
	if err := c.Refresh(); err == nil {
		t.Error("a reload accepted a mismatched pair")
	}
	said("")
	files.Made++
	files.Put(files.Key, newKey)
	look()
	if got := inUse(t, c); got != 3 {
		t.Errorf("number %d in use once the key exists", got)
	}
	said("certificate read")

	if err := os.Remove(files.Key); err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(); err == nil || inUse(t, c) != 3 {
		t.Errorf("the key is gone: %v", err)
	}
	said("no such file")

	files.Write(3*24*time.Hour + time.Minute)
	look()
	inUse(t, c)
	said("expires soon; renew it\" file=" + files.Cert + " days=3")
	files.Write(-time.Minute)
	look()
	inUse(t, c)
	said("has expired")
}

// A certificate saved by an editor is the same certificate.
func TestCertificateAsEditorsSaveIt(t *testing.T) {
	f := testbed.NewCertFiles(t)
	f.Write(time.Hour)
	for _, name := range []string{f.Cert, f.Key} {
		f.Put(name, append([]byte("\ufeff"), bytes.ReplaceAll(testbed.MustRead(t, name), []byte("\n"), []byte("\r\n"))...))
	}
	c, err := Open(f.Cert, f.Key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := inUse(t, c); got != 1 {
		t.Errorf("certificate %d is in use, want 1", got)
	}
	f.Put(f.Cert, []byte("\xff\xfe-\x00-\x00"))
	if _, err := Open(f.Cert, f.Key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), f.Cert+" is UTF-16; save it as UTF-8") {
		t.Errorf("UTF-16: %v", err)
	}
}
