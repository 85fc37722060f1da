// Package stdlog takes the word from the standard library's global logger, for the whole program. Libraries write to it
// unasked: that for metrics does so as it is initialized, in every command, on a kernel without pressure figures
// (https://docs.kernel.org/accounting/psi.html), and later whenever the process has no descriptor left. What there is to
// say goes to a slog.Logger that is handed around.
//
// It has to be initialized before such a library, and is: of the packages that wait for no other, Go takes the first by
// path (https://go.dev/ref/spec#Program_initialization), and chatme/ comes before github.com/. A test holds that.
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
