package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/tools/go/packages"
)

func main() {
	for _, target := range [][2]string{{"darwin", "amd64"}, {"darwin", "arm64"}, {"freebsd", "amd64"}, {"freebsd", "arm64"}} {
		start := time.Now()
		pkgs, err := packages.Load(&packages.Config{
			Mode: packages.NeedName | packages.NeedTypes | packages.NeedSyntax | packages.NeedImports | packages.NeedDeps | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedTypesSizes | packages.NeedModule,
			Dir: os.Args[1], Env: append(os.Environ(), "GOOS="+target[0], "GOARCH="+target[1], "CGO_ENABLED=0"),
		}, "./...")
		if err != nil {
			panic(err)
		}
		n := packages.PrintErrors(pkgs)
		fmt.Println(target, len(pkgs), n, time.Since(start))
	}
}
