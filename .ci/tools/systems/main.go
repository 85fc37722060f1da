// Command systems type-checks a module for the other systems it is to compile on, in a fraction of the time that compiling
// it for each of them takes: the dependencies without the bodies of their functions.
//
//	systems DIR
package main

import (
	"fmt"
	"os"

	"golang.org/x/tools/go/packages"
)

// target is a system and the packages that compile on it.
type target struct {
	os, arch string
	packages string
}

var targets = []target{
	{"darwin", "amd64", "./..."},
	{"darwin", "arm64", "./..."},
	{"freebsd", "amd64", "./..."},
	{"freebsd", "arm64", "./..."},
	{"windows", "amd64", "./cmd/..."}, // a program that says that it is not supported
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: systems DIR")
		os.Exit(2)
	}
	failed := false
	for _, t := range targets {
		found, err := t.check(os.Args[1])
		if err != nil {
			fmt.Fprintf(os.Stderr, "systems: %s/%s: %v\n", t.os, t.arch, err)
			os.Exit(2)
		}
		for _, each := range found {
			fmt.Printf("%s/%s: %v\n", t.os, t.arch, each)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// check returns what keeps the packages below dir from compiling.
func (t target) check(dir string) ([]packages.Error, error) {
	all, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedModule,
		Dir: dir,
		Env: append(os.Environ(), "GOOS="+t.os, "GOARCH="+t.arch, "CGO_ENABLED=0"),
	}, t.packages)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no packages in %s match %s", dir, t.packages)
	}
	var found []packages.Error
	packages.Visit(all, nil, func(p *packages.Package) { found = append(found, p.Errors...) })
	return found, nil
}
