// Command chatme is an anonymous one-to-one chat server: one binary and one SQLite file.
//
// This package is the only one that knows all the others. It turns flags, environment and files into a
// config.Config, wires the parts together and maps what went wrong to an exit code; it decides nothing about
// chats.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), &commands{}, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
