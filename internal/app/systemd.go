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
	// stuckAfter is how long a commit may have no result, good or bad, before the watchdog is no longer fed. A full disk and
	// a held write lock are results: the commit is retried.
	stuckAfter = time.Minute
	// statusEvery is how often the status is sent to systemd if there is no watchdog.
	statusEvery = 15 * time.Second
	// notifyWithin is how long systemd may take to accept a notification. READY=1 is tried for longer, because systemd kills a
	// service that does not report ready.
	notifyWithin = time.Second
	readyWithin  = 30 * time.Second
)

// supervisor reports the server's state to systemd (sd_notify(3)) through a socket, so that nothing is written to disk.
// If the server was not started by systemd, it does nothing.
type supervisor struct {
	tell     func(state string)
	watchdog time.Duration // how often systemd wants a keepalive; 0: never
}

func newSupervisor(log *slog.Logger) supervisor {
	watchdog, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		log.Warn("systemd watchdog is not available", "error", err)
	}
	return supervisor{watchdog: watchdog, tell: func(state string) {
		if err := notify(state); err != nil {
			log.Debug("sd_notify failed", "error", err)
		}
	}}
}

// notify is sd_notify(3). daemon.SdNotify waits forever for room at the other end, which would block a shutdown.
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

// reloading comes before ready, which reports that the settings are in force.
func (s supervisor) reloading() {
	s.tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, monotonic()))
}

// watch feeds the watchdog until ctx ends, unless a commit is stuck, and updates the line in systemctl status. stuck
// returns how long the current commit has had no result; 0: there is none.
func (s supervisor) watch(ctx context.Context, stuck func() time.Duration, statusLine func() string) {
	every := statusEvery
	if s.watchdog > 0 {
		every = s.watchdog / 3
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if since := stuck(); since >= stuckAfter {
			s.tell(fmt.Sprintf("STATUS=A commit has had no result for %d seconds: the disk does not respond.", int(since.Seconds())))
		} else if s.watchdog > 0 {
			s.tell(daemon.SdNotifyWatchdog + "\nSTATUS=" + statusLine())
		} else {
			s.tell("STATUS=" + statusLine())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// monotonic returns CLOCK_MONOTONIC in microseconds, by which systemd orders notifications.
func monotonic() int64 {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // cannot fail for this clock
	return now.Nano() / 1000
}
