// Package stdlog silences the standard library's global logger for the whole program. Libraries write to it unasked: the
// metrics library does so when it is initialized, in every command, on a kernel without pressure stall information
// (https://docs.kernel.org/accounting/psi.html), and later whenever the process has no descriptors left. chatme itself
// logs through a slog.Logger that is passed around.
//
// It must be initialized before such a library, and is: among the packages that are ready for initialization, Go takes the
// first by path (https://go.dev/ref/spec#Program_initialization), and chatme/ sorts before github.com/. A test checks this.
package stdlog

import (
	"io"
	"log"
)

var _ = silence()

func silence() bool {
	log.SetOutput(io.Discard)
	return true
}
