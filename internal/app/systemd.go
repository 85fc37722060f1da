package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

const (
	// stuckAfter is how long a commit may be without a result, good or bad, before the watchdog is no longer fed. A
	// disk that is full, and a write lock that somebody holds, are results: the commit is tried again.
	stuckAfter = time.Minute
	// statusEvery is how often systemd is told figures when it wants no watchdog to be fed.
	statusEvery = 15 * time.Second
	// notifyWithin is how long systemd may take to take what it is told. A service that is not heard to be ready is killed, so
	// that is tried for longer.
	notifyWithin = time.Second
	readyWithin  = 30 * time.Second
)

// supervisor tells systemd how the server is (sd_notify(3)): through a socket, so that nothing is written to a disk.
// Started by hand there is no systemd, and nobody is told.
type supervisor struct {
	tell     func(state string)
	watchdog time.Duration // it wants to hear from us this often; 0: it does not
}

func newSupervisor(log *slog.Logger) supervisor {
	watchdog, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		log.Warn("systemd's watchdog is not fed", "error", err)
	}
	return supervisor{watchdog: watchdog, tell: func(state string) {
		if err := notify(state); err != nil {
			log.Debug("systemd does not listen", "error", err)
		}
	}}
}

// notify is sd_notify(3). daemon.SdNotify waits for room at the other end for ever, and with it a stop did.
func notify(state string) error {
	path, within := os.Getenv("NOTIFY_SOCKET"), notifyWithin
	if path == "" {
		return nil
	}
	if state == daemon.SdNotifyReady {
		within = readyWithin
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetWriteDeadline(time.Now().Add(within)) // cannot fail for this conn
	_, err = conn.Write([]byte(state))
	return err
}

func (s supervisor) ready()    { s.tell(daemon.SdNotifyReady) }
func (s supervisor) stopping() { s.tell(daemon.SdNotifyStopping) }

// reloading comes before ready, which says that the settings are in force.
func (s supervisor) reloading() {
	s.tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, monotonic()))
}

// watch feeds the watchdog until ctx ends, unless a commit is stuck, and shows figures in systemctl status. stuck is how
// long the commit under way has had no result; 0: none is.
func (s supervisor) watch(ctx context.Context, stuck func() time.Duration, figures func() string) {
	every := statusEvery
	if s.watchdog > 0 {
		every = s.watchdog / 3
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if since := stuck(); since >= stuckAfter {
			s.tell(fmt.Sprintf("STATUS=A commit has had no result for %d seconds: the disk does not answer.", int(since.Seconds())))
		} else if s.watchdog > 0 {
			s.tell(daemon.SdNotifyWatchdog + "\nSTATUS=" + figures())
		} else {
			s.tell("STATUS=" + figures())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// monotonic is CLOCK_MONOTONIC in microseconds, by which systemd orders what it hears.
func monotonic() int64 {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // cannot fail for this clock
	return now.Nano() / 1000
}
