// Package certificate serves TLS with a certificate and key file, and reads them again when they change.
package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// certificateLook is how often handshakes check the files for changes.
	certificateLook = 5 * time.Second
	// certificateRound is how often the files are checked without handshakes, and how often an expiry warning is logged.
	certificateRound = 24 * time.Hour
	// Soon is how long before its expiry a certificate is warned about: its renewal has been due for weeks.
	Soon = 14 * 24 * time.Hour
)

// Certificate is the pair of files --tls-cert and --tls-key, read again when they change. If a new pair is invalid, the
// current one stays in use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	inUse    atomic.Pointer[tls.Certificate]
	lookedAt atomic.Int64 // when the files were last checked, in unix nanoseconds

	mu    sync.Mutex // one reader of the files at a time
	tried [2]fileMark
	bad   error // the error of the last pair that was tried
}

// fileMark identifies one state of a file.
type fileMark struct {
	changed time.Time
	size    int64
}

// Open reads the pair for the first time; without one it returns nil.
func Open(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	if certFile == "" {
		return nil, nil
	}
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	if _, err := c.load(); err != nil {
		return nil, err
	}
	c.warn()
	return c, nil
}

// Listener speaks TLS on the connections that inner accepts. It does not offer HTTP/2, which has no WebSocket upgrade.
func (c *Certificate) Listener(inner net.Listener) net.Listener {
	return tls.NewListener(inner, &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: c.get})
}

// get returns the certificate for a handshake.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now, last := time.Now().UnixNano(), c.lookedAt.Load()
	if now-last >= int64(certificateLook) && c.lookedAt.CompareAndSwap(last, now) {
		c.Refresh()
	}
	return c.inUse.Load(), nil
}

// Refresh reads the pair if a file has changed, and logs the result. It returns what is wrong with the files as they are.
func (c *Certificate) Refresh() error {
	changed, err := c.load()
	switch {
	case !changed:
	case err != nil:
		c.log.Warn("new certificate is invalid, keeping the current certificate", "error", err)
	default:
		c.log.Info("certificate read", "expires", c.inUse.Load().Leaf.NotAfter.UTC())
		c.warn()
	}
	return err
}

// load starts to use the current pair of files, unless it was tried before.
func (c *Certificate) load() (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Before reading: a change in between counts as a change the next time.
	marks := [2]fileMark{markOf(c.certFile), markOf(c.keyFile)}
	if marks == c.tried && (c.inUse.Load() != nil || c.bad != nil) {
		return false, c.bad
	}
	c.tried = marks
	pair, err := LoadKeyPair(c.certFile, c.keyFile)
	if c.bad = err; err != nil {
		c.bad = fmt.Errorf("certificate %s with key %s: %w", c.certFile, c.keyFile, err)
		return true, c.bad
	}
	c.inUse.Store(&pair)
	return true, nil
}

// LoadKeyPair reads a certificate and its key, also from files with a byte order mark, which editors write: encoding/pem
// would skip the first block after it, and with it the server's own certificate.
func LoadKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	var blocks [2][]byte
	for i, name := range []string{certFile, keyFile} {
		content, err := os.ReadFile(name)
		if err != nil {
			return tls.Certificate{}, err
		}
		if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
			return tls.Certificate{}, fmt.Errorf("%s is UTF-16; save it as UTF-8", name)
		}
		blocks[i] = bytes.TrimPrefix(content, []byte("\ufeff"))
	}
	return tls.X509KeyPair(blocks[0], blocks[1])
}

// markOf returns the zero mark for a file that cannot be examined.
func markOf(name string) fileMark {
	info, err := os.Stat(name)
	if err != nil {
		return fileMark{}
	}
	return fileMark{info.ModTime(), info.Size()}
}

// warn logs that the certificate expires soon or has expired.
func (c *Certificate) warn() {
	left := time.Until(c.inUse.Load().Leaf.NotAfter)
	switch {
	case left <= 0:
		c.log.Warn("certificate has expired, browsers reject it; renew it", "file", c.certFile)
	case left < Soon:
		c.log.Warn("certificate expires soon; renew it", "file", c.certFile, "days", int(left/(24*time.Hour)))
	}
}

// Watch checks the pair once a day until ctx ends.
func (c *Certificate) Watch(ctx context.Context) {
	ticker := time.NewTicker(certificateRound)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.Refresh()
			c.warn()
		case <-ctx.Done():
			return
		}
	}
}
