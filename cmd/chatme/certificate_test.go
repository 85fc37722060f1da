package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
)

// certFiles is a pair of files that is made anew for each test of TLS.
type certFiles struct {
	tb        testing.TB
	cert, key string // names
	made      int
}

func newCertFiles(tb testing.TB) *certFiles {
	dir := tb.TempDir()
	return &certFiles{tb: tb, cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
}

// write makes a new pair for 127.0.0.1 that is good for so long, and returns who trusts it.
func (f *certFiles) write(lives time.Duration) *tls.Config {
	f.tb.Helper()
	f.made++
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(f.made)), Subject: pkix.Name{CommonName: "chatme"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lives),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		f.tb.Fatal(err)
	}
	f.put(f.cert, pemOf("CERTIFICATE", der))
	der, err = x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		f.tb.Fatal(err)
	}
	f.put(f.key, pemOf("PRIVATE KEY", der))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(mustRead(f.tb, f.cert))
	return &tls.Config{RootCAs: pool}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (f *certFiles) put(name string, content []byte) {
	f.tb.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		f.tb.Fatal(err)
	}
	changed := time.Now().Add(time.Duration(f.made) * time.Second) // so that it is another, however coarse the file system counts
	if err := os.Chtimes(name, changed, changed); err != nil {
		f.tb.Fatal(err)
	}
}

// inUse is the serial number of what a handshake is given.
func inUse(tb testing.TB, c *certificate) int64 {
	tb.Helper()
	pair, err := c.get(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return pair.Leaf.SerialNumber.Int64()
}

func TestCertificateIsReadAgain(t *testing.T) {
	files := newCertFiles(t)
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	said := func(want string) {
		t.Helper()
		if got := out.String(); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("the log says %q, want %q", got, want)
		}
		out.Reset()
	}
	if _, err := openCertificate(files.cert, files.key, log); err == nil || !strings.Contains(err.Error(), files.cert) {
		t.Errorf("there is no file: %v", err)
	}
	files.write(90 * 24 * time.Hour)
	c, err := openCertificate(files.cert, files.key, log)
	if err != nil {
		t.Fatal(err)
	}
	look := func() { c.lookedAt.Store(0) } // as if the time for it had come
	if got := inUse(t, c); got != 1 {
		t.Errorf("number %d in use", got)
	}
	said("")

	files.write(90 * 24 * time.Hour)
	if got := inUse(t, c); got != 1 {
		t.Errorf("number %d in use: every handshake looks at the files", got)
	}
	look()
	if got := inUse(t, c); got != 2 {
		t.Errorf("number %d in use after the files have changed", got)
	}
	said("certificate read")

	// A certificate whose key comes a moment later, which is a bad pair until then.
	key := mustRead(t, files.key)
	files.write(90 * 24 * time.Hour)
	newKey := mustRead(t, files.key)
	files.put(files.key, key)
	look()
	if got := inUse(t, c); got != 2 {
		t.Errorf("number %d in use, which has no key", got)
	}
	said("the one of before stays")
	look()
	inUse(t, c)
	said("") // it was said
	if err := c.refresh(); err == nil {
		t.Error("a reload takes a pair that does not fit for a good one")
	}
	said("")
	files.made++
	files.put(files.key, newKey)
	look()
	if got := inUse(t, c); got != 3 {
		t.Errorf("number %d in use once the key is there", got)
	}
	said("certificate read")

	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	if err := c.refresh(); err == nil || inUse(t, c) != 3 {
		t.Errorf("the key is gone: %v", err)
	}
	said("no such file")

	files.write(3*24*time.Hour + time.Minute)
	look()
	inUse(t, c)
	said("expires soon; renew it\" file=" + files.cert + " days=3")
	files.write(-time.Minute)
	look()
	inUse(t, c)
	said("has expired")
}

// testOwnTLS serves without a proxy: old and resumable clients over wss, the page over https, a resumed chat.
func testOwnTLS(t *testing.T, s *site) {
	files := newCertFiles(t)
	s.tls = files.write(24 * time.Hour)
	s.flags = []string{"--tls-cert", files.cert, "--tls-key", files.key}
	server, _ := s.start()
	if !strings.Contains(s.wrote.String(), "expires soon") {
		t.Error("nothing is said of a certificate that ends tomorrow")
	}
	a, b := s.join("a", client.Options{}), s.join("b", client.Options{})
	meet(a, b)
	c, d := s.join("c", oldOptions), s.join("d", oldOptions)
	meet(c, d)
	talk(a, b)
	talk(c, d)
	s.bounces()
	server.kill()
	couple{a, b}.lose()
	server, _ = s.start()
	comeBack(t, []couple{{a, b}})

	// A new pair, and a reload: whoever comes now meets it, and those who chat go on.
	before := s.tls
	s.tls = files.write(90 * 24 * time.Hour)
	if err := server.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.says("reloaded")
	if _, err := client.Dial(step(t), s.url(), client.Options{TLS: before}); err == nil {
		t.Error("the old certificate is in use after a reload")
	}
	old := s.join("again", oldOptions)
	old.search()
	old.leave()
	talk(a, b)
	if code, took := server.terminate(); code != exitOK || took > server.stops {
		t.Errorf("SIGTERM: exit code %d after %v", code, took)
	}
	for _, p := range []*person{a, b} {
		if end := p.drain(nil); end.Code != 1012 {
			t.Errorf("%s: %v, want 1012", p.name, end)
		}
	}

	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	if said := s.fails(exitConfig, s.command("serve", "--tls-cert", files.cert, "--tls-key", files.key)); !strings.Contains(said, files.key) {
		t.Errorf("it says %q", said)
	}
}

// A certificate that an editor has saved is the same certificate.
func TestCertificateAsEditorsSaveIt(t *testing.T) {
	f := newCertFiles(t)
	f.write(time.Hour)
	for _, name := range []string{f.cert, f.key} {
		f.put(name, append([]byte("\ufeff"), bytes.ReplaceAll(mustRead(t, name), []byte("\n"), []byte("\r\n"))...))
	}
	c, err := openCertificate(f.cert, f.key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := inUse(t, c); got != 1 {
		t.Errorf("certificate %d is in use, want 1", got)
	}
	f.put(f.cert, []byte("\xff\xfe-\x00-\x00"))
	if _, err := openCertificate(f.cert, f.key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), f.cert+" is UTF-16; save it as UTF-8") {
		t.Errorf("UTF-16: %v", err)
	}
}
