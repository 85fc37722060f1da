// Command nosleep fails on a time.Sleep in a test outside a synctest bubble: such a test is slow, or wrong on a
// slow machine, or both.
//
// A bubble is a function literal passed to synctest.Test, or a function of the same file passed to it by
// name. A helper called only from bubbles says so with a line //nosleep:bubble in its doc comment.
//
//	nosleep DIR
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

const mark = "//nosleep:bubble"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: nosleep DIR")
		os.Exit(2)
	}
	found, err := sleeps(os.DirFS(os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "nosleep:", err)
		os.Exit(2)
	}
	for _, where := range found {
		fmt.Printf("%s: time.Sleep in a test outside a synctest bubble\n", where)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// sleeps returns file:line of each offence in the test files under root.
func sleeps(root fs.FS) ([]string, error) {
	var found []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch path.Base(name) {
			case ".git", "node_modules", "testdata", "bin":
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		lines, err := sleepsIn(name, source)
		for _, line := range lines {
			found = append(found, fmt.Sprintf("%s:%d", name, line))
		}
		return err
	})
	return found, err
}

// sleepsIn returns the lines of the offences in one file.
func sleepsIn(name string, source []byte) ([]int, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	timeName, syncName := localName(file, "time"), localName(file, "testing/synctest")
	if timeName == "" {
		return nil, nil
	}
	bubbles := bubblesOf(file, syncName)
	var lines []int
	ast.Inspect(file, func(node ast.Node) bool {
		if node == nil || bubbles[node] {
			return false
		}
		if refersTo(node, timeName, "Sleep") {
			lines = append(lines, files.Position(node.Pos()).Line)
			return false
		}
		return true
	})
	return lines, nil
}

// bubblesOf returns the functions of file, literal or declared, whose whole body runs in a bubble.
func bubblesOf(file *ast.File, syncName string) map[ast.Node]bool {
	bubbles := map[ast.Node]bool{}
	passed := map[string]bool{} // functions passed by name
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || syncName == "" || len(call.Args) != 2 || !refersTo(call.Fun, syncName, "Test") {
			return true
		}
		switch f := call.Args[1].(type) {
		case *ast.FuncLit:
			bubbles[f] = true
		case *ast.Ident:
			passed[f.Name] = true
		}
		return true
	})
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && ((f.Recv == nil && passed[f.Name.Name]) || marked(f)) {
			bubbles[f] = true
		}
	}
	return bubbles
}

func marked(f *ast.FuncDecl) bool {
	if f.Doc == nil {
		return false
	}
	for _, line := range f.Doc.List {
		if strings.TrimSpace(line.Text) == mark {
			return true
		}
	}
	return false
}

// localName returns the name by which file knows the package, "." for a dot import, "" if it does not.
func localName(file *ast.File, importPath string) string {
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err != nil || imported != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// refersTo reports whether node is pkg.name, called or not; with a dot import, name alone.
func refersTo(node ast.Node, pkg, name string) bool {
	switch node := node.(type) {
	case *ast.SelectorExpr:
		x, ok := node.X.(*ast.Ident)
		return ok && x.Name == pkg && node.Sel.Name == name
	case *ast.Ident:
		return pkg == "." && node.Name == name
	}
	return false
}
