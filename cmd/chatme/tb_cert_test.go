package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
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

// writeKey puts the key of another pair into a file.
func (f *certFiles) writeKey(name string) {
	f.write(time.Hour)
	f.put(name, mustRead(f.tb, f.key))
}
