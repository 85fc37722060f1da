//go:build unix

// Command chatme is an anonymous one-to-one chat server: one binary and one SQLite file.
//
// This package is the only one that knows all the others. It turns flags, environment and files into a
// config.Config, wires the parts together and maps errors to exit codes. It makes no decisions about chats.
package main

import (
	"context"
	"os"

	"chatme/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), &Commands{}, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
