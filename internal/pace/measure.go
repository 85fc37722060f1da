package pace

import (
	"crypto/sha256"
	"io"
	"net"
	"os"
	"time"
)

const (
	// An idle machine of two cores needs less than these.
	idleTrips = 20 * time.Millisecond
	idleSync  = 10 * time.Millisecond

	trips     = 100      // of one measurement: more work than a scheduler does in one go
	tripBytes = 64 << 10 // hashed at both ends
	syncBytes = 4 << 10
)

// measure returns how many times longer than on an idle machine round trips over loopback take, or a file sync if that is
// slower: at most most. What cannot be measured counts as idle: the same error fails the caller, too.
func measure() float64 {
	return max(ratio(roundTrips, idleTrips), ratio(syncFile, idleSync))
}

// ratio waits for act only until it is certain that the result is most.
func ratio(act func() error, idle time.Duration) float64 {
	began, done := time.Now(), make(chan error, 1)
	go func() { done <- act() }()
	var failed error
	select {
	case failed = <-done:
	case <-time.After(most * idle):
	}
	took := time.Since(began)
	if failed != nil && took < most*idle {
		return 1
	}
	return min(float64(took)/float64(idle), most)
}

// roundTrips repeatedly sends a message to another goroutine and back, for as long as ratio may wait.
func roundTrips() error {
	end := time.Now().Add(most * idleTrips)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			c.SetDeadline(end)
			echo(c)
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(end)
	message := make([]byte, tripBytes)
	for range trips {
		if _, err := c.Write(message); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, message); err != nil {
			return err
		}
		sha256.Sum256(message)
	}
	return nil
}

// echo sends back what it reads until the end.
func echo(c net.Conn) {
	message := make([]byte, tripBytes)
	for {
		if _, err := io.ReadFull(c, message); err != nil {
			return
		}
		sha256.Sum256(message)
		if _, err := c.Write(message); err != nil {
			return
		}
	}
}

// syncFile syncs a small file to disk, as a commit does.
func syncFile() error {
	f, err := os.CreateTemp("", "pace-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, syncBytes)); err != nil {
		return err
	}
	return f.Sync()
}
