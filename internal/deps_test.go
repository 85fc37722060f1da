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

// allowed lists which of our packages each package imports, named without internal/. A package that is not here does not
// belong; one that needs a sideways import is in the wrong place. Tests may import more.
//
//	cmd → server → ws → {protocol, hub → tail} → chat ← store → migrations
var allowed = map[string][]string{
	// the server
	"chat":         {},
	"chat/rig":     {"chat"},
	"chat/model":   {"chat"},
	"chat/duel":    {"chat", "chat/model", "chat/rig"},
	"chat/explore": {},
	"picture":      {},
	"protocol":     {"chat", "picture"},
	"seal":         {},
	"secret":       {"chat", "seal"},
	"tail":         {"chat"},
	"hub":          {"chat", "metrics", "tail"},
	"dbfile":       {"chat", "exit"}, // chat: a seeded bug
	"store":        {"chat", "dbfile", "exit", "seal", "secret", "migrations"},
	"ws":           {"chat", "protocol", "hub", "metrics", "network", "secret", "tail"},
	"forwarded":    {},
	"network":      {},
	"config":       {},
	"web":          {},
	"server":       {"forwarded", "ws", "config", "metrics", "network"},
	"stdlog":       {},
	"loglimit":     {},
	"metrics":      {"stdlog"}, // imported by every package that counts something
	"certificate":  {},
	"descriptors":  {"exit"},
	"buildinfo":    {},
	"exit":         {},
	"unixsocket":   {},
	"admin":        {"config", "metrics", "store", "unixsocket"},
	"app": {"admin", "buildinfo", "certificate", "chat", "cli", "config", "descriptors", "exit", "hub", "loglimit", "metrics",
		"network", "protocol", "server", "store", "tail", "unixsocket", "web", "ws"},
	"migrations": {},

	// hours of an attack, simulated
	"chat/fairness": {},

	// the commands
	"cli":       {"admin", "buildinfo", "config", "exit"},
	"dashboard": {"admin"},
	"operator":  {"admin", "chat", "cli", "config", "dashboard", "dbfile", "exit", "metrics", "store", "tail"},
	"client":    {"chat", "protocol"},
	"pace":      {},
	"stage":     {},
	"spawn":     {"exit", "pace"},
	"recovery":  {"admin", "app", "chat", "cli", "client", "config", "dbfile", "exit", "pace", "spawn", "store"},
	"remote":    {},
	"doctor": {"admin", "buildinfo", "certificate", "cli", "client", "config", "dbfile", "descriptors", "exit", "network", "remote",
		"server", "store"},
	"probe":           {"cli", "client", "config", "exit", "pace", "protocol", "remote", "testcard"},
	"load":            {"chat", "cli", "client", "descriptors", "exit", "pace", "secret", "spawn", "store"},
	"hostile":         {"cli", "client", "descriptors", "exit", "pace", "protocol", "spawn", "testcard"},
	"link":            {},
	"testcard":        {},
	"torture":         {"torture/checker", "cli", "client", "link", "pace", "protocol", "recovery", "secret", "spawn", "store", "testcard"},
	"torture/checker": {"protocol", "secret"},
	"torture/mutants": {anyOfOurs},
	"example":         {"chat", "cli", "exit", "secret", "store"},
	"stranger":        {"client", "protocol"},
	"cmd/chatme":      {anyOfOurs},

	// the tests
	"testbed":         {"client", "pace", "protocol", "spawn"},
	"testbed/inside":  {"app", "cli", "client", "exit", "pace", "testbed"},
	"testbed/sockets": {"chat", "hub", "network", "pace", "protocol", "server", "store", "testbed", "web", "ws"},
	"e2e":             {},
	"powerloss":       {},
}

const anyOfOurs = "*"

// forbidden lists imports of any origin that a package, with all packages below it, must not have: the lobby is pure.
var forbidden = map[string][]string{
	"chat": {"sync", "context", "net", "database/sql"},
}

func TestImportTable(t *testing.T) {
	drawn := map[[2]string]bool{}
	violations, err := checkImports(os.DirFS(".."), func(from, to string) { drawn[[2]string{from, to}] = true })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Error(v)
	}
	for from, all := range allowed {
		for _, to := range all {
			if to != anyOfOurs && !drawn[[2]string{from, to}] {
				t.Errorf("the table allows %s to import %s, which it does not use", from, to)
			}
		}
	}
}

// TestImportTableBites checks that each kind of violation is found.
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
	got, err := checkImports(tree, func(string, string) {})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("violations\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// checkImports returns the violations of the production files of root, in the order of the tree, and calls arrow for
// each import of our packages. It reads every file, whatever its build constraints.
func checkImports(root fs.FS, arrow func(from, to string)) ([]string, error) {
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
				return fs.SkipDir // a separate module: its imports are in its go.mod
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		found, err := checkFile(root, name, arrow)
		violations = append(violations, found...)
		return err
	})
	return violations, err
}

// short returns a package's name in the table.
func short(dir string) string { return strings.TrimPrefix(dir, "internal/") }

func checkFile(root fs.FS, name string, arrow func(from, to string)) ([]string, error) {
	dir := path.Dir(name)
	may, listed := allowed[short(dir)]
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
		if isOurs {
			arrow(short(dir), short(ours))
		}
		if isOurs && !slices.Contains(may, short(ours)) && !slices.Contains(may, anyOfOurs) {
			violations = append(violations, fmt.Sprintf("%s imports %s, which the table does not allow %s", name, imported, dir))
		}
		for _, no := range forbidden[short(dir)] {
			if imported == no || strings.HasPrefix(imported, no+"/") {
				violations = append(violations, fmt.Sprintf("%s imports %s, forbidden to %s", name, imported, dir))
			}
		}
	}
	return violations, nil
}
