package testbed

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

// CertFiles is a certificate and key file pair, created for each test of TLS.
type CertFiles struct {
	TB        testing.TB
	Cert, Key string // names
	Made      int
}

func NewCertFiles(tb testing.TB) *CertFiles {
	dir := tb.TempDir()
	return &CertFiles{TB: tb, Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
}

// Write writes a new pair for 127.0.0.1 that is valid for lives, and returns a client configuration that trusts it.
func (f *CertFiles) Write(lives time.Duration) *tls.Config {
	f.TB.Helper()
	f.Made++
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.TB.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(f.Made)), Subject: pkix.Name{CommonName: "chatme"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lives),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		f.TB.Fatal(err)
	}
	f.Put(f.Cert, pemOf("CERTIFICATE", der))
	der, err = x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		f.TB.Fatal(err)
	}
	f.Put(f.Key, pemOf("PRIVATE KEY", der))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(MustRead(f.TB, f.Cert))
	return &tls.Config{RootCAs: pool}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (f *CertFiles) Put(name string, content []byte) {
	f.TB.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		f.TB.Fatal(err)
	}
	changed := time.Now().Add(time.Duration(f.Made) * time.Second) // so that the modification time differs, however coarse it is
	if err := os.Chtimes(name, changed, changed); err != nil {
		f.TB.Fatal(err)
	}
}

// WriteKey writes the key of a different pair to a file.
func (f *CertFiles) WriteKey(name string) {
	f.Write(time.Hour)
	f.Put(name, MustRead(f.TB, f.Key))
}
