//go:build !unix

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "chatme: %s is not supported; run the Linux binary, for example in WSL or a container\n", runtime.GOOS)
	os.Exit(1)
}
