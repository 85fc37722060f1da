// Package internal_test holds the architecture's import table as a test.
package internal_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "chatme"

// allowed is what each package may import of ours. A package that is not here does not belong; one that wants
// to import sideways is in the wrong place. Tests may import more.
//
//	cmd → server → ws → {protocol, hub → tail} → chat ← store → migrations
var allowed = map[string][]string{
	"internal/chat":      {},
	"internal/protocol":  {"internal/chat"},
	"internal/hub":       {"internal/chat", "internal/metrics", "internal/tail"},
	"internal/seal":      {},
	"internal/tail":      {"internal/chat"},
	"internal/store":     {"internal/chat", "internal/seal", "migrations"},
	"internal/stdlog":    {},
	"internal/loglimit":  {},
	"internal/metrics":   {"internal/stdlog"}, // and is imported by whoever has something to count
	"internal/ws":        {"internal/chat", "internal/protocol", "internal/hub", "internal/metrics", "internal/tail"},
	"internal/forwarded": {},
	"internal/server":    {"internal/forwarded", "internal/ws", "internal/web", "internal/config", "internal/metrics"},
	"internal/admin":     {"internal/metrics"},
	"internal/dashboard": {"internal/admin"},
	"internal/client":    {"internal/chat", "internal/protocol"},
	"internal/checker":   {"internal/chat", "internal/protocol"},
	"internal/powercut":  {},
	"internal/pace":      {},
	"internal/config":    {},
	"internal/web":       {},
	"migrations":         {},
	"cmd/chatme":         {anyOfOurs},
}

const anyOfOurs = "*"

// forbidden is what a package must not import of anybody's, with all below it: the lobby is pure.
var forbidden = map[string][]string{
	"internal/chat": {"sync", "context", "net", "database/sql"},
}

func TestImportTable(t *testing.T) {
	violations, err := checkImports(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// TestImportTableBites shows that each kind of violation is found.
func TestImportTableBites(t *testing.T) {
	file := func(imports ...string) *fstest.MapFile {
		text := "package p\n"
		for _, each := range imports {
			text += "import _ " + strconv.Quote(each) + "\n"
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	tree := fstest.MapFS{
		"cmd/chatme/main.go":                 file("chatme/internal/hub", "net/http"),
		"internal/chat/pure.go":              file("time", "synctest"),
		"internal/chat/impure.go":            file("net/http", "sync"),
		"internal/chat/pure_test.go":         file("sync", "chatme/internal/hub"),
		"internal/hub/up.go":                 file("chatme/internal/chat", "chatme/internal/ws"),
		"internal/deps_test.go":              file("chatme/internal/ws"),
		"internal/util/util.go":              file(),
		"internal/web/node_modules/x/x.go":   file("chatme/internal/ws"),
		"internal/store/testdata/example.go": file("chatme/internal/ws"),
		"internal/other/go.mod":              {Data: []byte("module other")},
		"internal/other/other.go":            file("chatme/internal/ws"),
	}
	want := []string{
		"internal/chat/impure.go imports net/http, forbidden to internal/chat",
		"internal/chat/impure.go imports sync, forbidden to internal/chat",
		"internal/hub/up.go imports chatme/internal/ws, which the table does not allow internal/hub",
		"internal/util/util.go: internal/util is not in the table",
	}
	got, err := checkImports(tree)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("violations\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// checkImports returns the violations of the production files of root, in the order of the tree. It reads
// every file, whatever its build constraints.
func checkImports(root fs.FS) ([]string, error) {
	var violations []string
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if base == "testdata" || base == "node_modules" || (strings.HasPrefix(base, ".") && base != ".") {
				return fs.SkipDir
			}
			if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil && name != "." {
				return fs.SkipDir // a module of its own: what it may import is in its go.mod
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		found, err := checkFile(root, name)
		violations = append(violations, found...)
		return err
	})
	return violations, err
}

func checkFile(root fs.FS, name string) ([]string, error) {
	dir := path.Dir(name)
	may, listed := allowed[dir]
	if !listed {
		return []string{fmt.Sprintf("%s: %s is not in the table", name, dir)}, nil
	}
	source, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var violations []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		ours, isOurs := strings.CutPrefix(imported, module+"/")
		if isOurs && !slices.Contains(may, ours) && !slices.Contains(may, anyOfOurs) {
			violations = append(violations, fmt.Sprintf("%s imports %s, which the table does not allow %s", name, imported, dir))
		}
		for _, no := range forbidden[dir] {
			if imported == no || strings.HasPrefix(imported, no+"/") {
				violations = append(violations, fmt.Sprintf("%s imports %s, forbidden to %s", name, imported, dir))
			}
		}
	}
	return violations, nil
}
