// Command chatme is an anonymous one-to-one chat server: one binary and one SQLite file.
//
// This package is the only one that knows all the others. It turns flags, environment and files into a
// config.Config, wires the parts together and maps what went wrong to an exit code; it decides nothing about
// chats.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker (-X main.version=…) and by nothing else.
var version = ""

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is the program with everything it touches as an argument. It returns the exit code.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal is no longer caught, so it kills at once

	err := execute(ctx, args, environ, stdout, stderr)
	report(stderr, err)
	return exitCode(err)
}
