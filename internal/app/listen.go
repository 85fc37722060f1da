package app

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"chatme/internal/exit"
)

// inheritListener returns the listener that systemd holds for this service (sd_listen_fds(3)), nil if there is none. Closing
// it closes this process's descriptor but not the socket: connections wait in its queue for the next process.
func inheritListener() (net.Listener, error) {
	files := activation.Files(true)
	if len(files) == 0 {
		return nil, nil
	}
	var names []string
	for _, file := range files {
		defer file.Close() // the listener has a copy
		names = append(names, file.Name())
	}
	if len(files) > 1 {
		return nil, exit.WithCode(exit.Config, fmt.Errorf("systemd passed %d sockets (%s), but chatme serves one; leave one ListenStream= in its .socket unit",
			len(files), strings.Join(names, ", ")))
	}
	listener, err := net.FileListener(files[0])
	if err != nil {
		return nil, exit.WithCode(exit.Config, fmt.Errorf("the socket that systemd passed (%s) does not listen; use ListenStream= and Accept=no", names[0]))
	}
	if _, ok := listener.(*net.TCPListener); !ok {
		return nil, exit.WithCode(exit.Config, errors.Join(
			fmt.Errorf("the socket that systemd passed (%s) is not a TCP socket; write ListenStream=8787, or another port", names[0]),
			listener.Close()))
	}
	return listener, nil
}
