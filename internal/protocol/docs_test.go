package protocol

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chatme/internal/chat"
)

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// constants returns the values of the string constants of a file, by name.
func constants(t *testing.T, name string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range spec.Values {
			if lit, ok := value.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				all[spec.Names[i].Name], _ = strconv.Unquote(lit.Value)
			}
		}
		return true
	})
	return all
}

// docs/protocol.md names exactly the frames of the wire.
func TestEveryFrameIsInTheDocs(t *testing.T) {
	kind := regexp.MustCompile(`"type":"([a-z_]+)"`)
	known := map[string]bool{}
	for name, value := range constants(t, "wire.go") {
		if match := kind.FindStringSubmatch(value); match != nil {
			known[match[1]] = true
		} else if strings.HasPrefix(name, "type") {
			known[value] = true
		}
	}
	named := map[string]bool{}
	for _, match := range kind.FindAllStringSubmatch(page(t, "docs/protocol.md"), -1) {
		named[match[1]] = true
	}
	if len(known) < 20 || !maps.Equal(known, named) {
		t.Errorf("the wire has\n%v\ndocs/protocol.md has\n%v", slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(named)))
	}
}

// … and every member, error code and limit.
func TestTheDocsHaveMembersErrorsAndLimits(t *testing.T) {
	docs := page(t, "docs/protocol.md")
	member := regexp.MustCompile(`[{,]"([a-zA-Z]+)":`)
	for _, file := range []string{"wire.go", "append.go"} {
		for _, value := range constants(t, file) {
			for _, match := range member.FindAllStringSubmatch(value, -1) {
				if !strings.Contains(docs, `"`+match[1]+`":`) {
					t.Errorf("docs/protocol.md does not mention member %s", match[1])
				}
			}
		}
	}
	for _, code := range []chat.ErrorCode{
		chat.ErrGap, chat.ErrBadImage, chat.ErrBadMessage, chat.ErrTooLarge, chat.ErrNotMatched, chat.ErrUnavailable, chat.ErrMailboxFull,
		chat.ResumeExpired, chat.ResumeUnknown, chat.ResumeEnded,
	} {
		if !strings.Contains(docs, "`"+string(code)+"`") {
			t.Errorf("docs/protocol.md does not mention code %s", code)
		}
	}
	for _, text := range []string{fmt.Sprintf(`"maxBytes":%d`, MaxFrame), "64 KiB of UTF-8", "2^32", "More than five such frames"} {
		if !strings.Contains(docs, text) {
			t.Errorf("docs/protocol.md does not say %q", text)
		}
	}
	if DefaultMaxText != 64<<10 || MaxFrameUnmatched != 64<<10 || MaxNumber != 1<<32 || MaxMalformed != 5 {
		t.Error("a limit has changed: docs/protocol.md says another")
	}
}

// The rates in docs/protocol.md are the defaults of the settings.
func TestTheDocsHaveTheRates(t *testing.T) {
	docs, settings := page(t, "docs/protocol.md"), page(t, "internal/config/config.go")
	row := regexp.MustCompile("(?m)^\\| [^|]+ \\| ([^|]+) \\| ([^|]+) \\| `(CHATME_SOCKET_[A-Z]+)` \\|$")
	rows := row.FindAllStringSubmatch(docs, -1)
	if len(rows) != 4 {
		t.Fatalf("%d rates", len(rows))
	}
	for _, match := range rows {
		want := fmt.Sprintf(`env:%q live:"true" default:"%s,%s"`, match[3], match[1], match[2])
		if !strings.Contains(settings, want) {
			t.Errorf("config.go has no %s", want)
		}
	}
	for text, setting := range map[string]string{
		"one `typing_start` in\n300 ms":   `env:"CHATME_TYPING_INTERVAL" live:"true" default:"300ms"`,
		"more than 60 s of the last 90 s": `env:"CHATME_RATE_WAITS" live:"true" default:"60s"`,
		"20 times at once, and then 1/5s": `env:"CHATME_SESSION_RESUMES" live:"true" default:"20,1/5s"`,
		"at 8 KiB/s or more":              `env:"CHATME_FRAME_PACE" live:"true" default:"8KiB"`,
		"| 3 | none |":                    `env:"CHATME_REPEATED_AUTHS" live:"true" default:"3"`,
	} {
		if !strings.Contains(docs, text) || !strings.Contains(settings, setting) {
			t.Errorf("docs/protocol.md does not say %q, or the setting is not %s", text, setting)
		}
	}
}

// tableCodes returns the close codes of a table whose rows begin with them.
func tableCodes(text string) (codes []int) {
	for _, row := range regexp.MustCompile(`(?m)^\| (\d{4}(?:, \d{4})*) \|`).FindAllStringSubmatch(text, -1) {
		for _, each := range strings.Split(row[1], ", ") {
			code, _ := strconv.Atoi(each)
			codes = append(codes, code)
		}
	}
	return codes
}

// One table defines the close codes; the documents, the client library and the metrics follow it.
func TestCloseCodesAreTheSameEverywhere(t *testing.T) {
	var all []int
	final := map[int]bool{}
	for _, c := range CloseCodes {
		all = append(all, c.Code)
		if c.Reconnect == ReconnectNever && c.Code != CloseChatEnded {
			final[c.Code] = true
		}
	}
	if !slices.IsSorted(all) {
		t.Error("the table is not sorted")
	}
	for _, name := range []string{"docs/protocol.md", "README.md"} {
		if got := tableCodes(page(t, name)); !slices.Equal(got, all) {
			t.Errorf("%s has %v, want %v", name, got, all)
		}
	}
	line := regexp.MustCompile(`(?m)^const FINAL = (.*)$`).FindString(page(t, "internal/web/static/chatme.js"))
	got := map[int]bool{}
	for _, match := range regexp.MustCompile(`(\d{4}):`).FindAllStringSubmatch(line, -1) {
		code, _ := strconv.Atoi(match[1])
		got[code] = true
	}
	if !maps.Equal(got, final) {
		t.Errorf("chatme.js stops after %v, want %v", got, final)
	}
	counted := page(t, "internal/metrics/metrics.go")
	counted = counted[strings.Index(counted, "var closeCodes"):]
	counted = counted[:strings.Index(counted, "}")]
	for _, code := range all {
		if !strings.Contains(counted, strconv.Itoa(code)) {
			t.Errorf("the metrics have no label for %d", code)
		}
	}
}
