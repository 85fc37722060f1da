package ws

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A cut delays no other goroutine, not even over TLS with a peer that does not read the close_notify.
func TestShutDoesNotWaitForThePeer(t *testing.T) {
	site := httptest.NewTLSServer(nil) // for its certificate
	defer site.Close()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		secure := tls.Server(near, site.TLS)
		shaken := make(chan error, 1)
		go func() {
			peer := tls.Client(far, &tls.Config{InsecureSkipVerify: true})
			err := peer.Handshake()
			if err == nil {
				_, err = peer.Read(make([]byte, 1))
			}
			shaken <- err // from here on it reads nothing
		}()
		if _, err := secure.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		s := socket{conn: secure, fd: -1}
		began := time.Now()
		s.shut()
		if took := time.Since(began); took != 0 {
			t.Errorf("shut took %v", took)
		}
	})
}
