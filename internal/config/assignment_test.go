package config

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/joho/godotenv"
)

// valuesOf returns the values of a settings file.
func valuesOf(found []assignment) map[string]string {
	values := map[string]string{}
	for _, a := range found {
		values[a.name] = a.value
	}
	return values
}

// Settings files as written by editors, shells and other programs.
func TestSettingsFilesAsTheyAreWritten(t *testing.T) {
	tests := map[string]struct {
		text string
		want map[string]string
	}{
		"plain":                           {"A=1\nB=2\n", map[string]string{"A": "1", "B": "2"}},
		"without a last line end":         {"A=1\nB=2", map[string]string{"A": "1", "B": "2"}},
		"nothing":                         {"", nil},
		"blank lines and comments":        {"\n \t\n# A=0\n  # B=0\nA=1\n\n#", map[string]string{"A": "1"}},
		"export":                          {"export A=1\nexport\tB = 2\n  export C=3\nexport=4", map[string]string{"A": "1", "B": "2", "C": "3", "export": "4"}},
		"spaces, and those of a phone":    {" A = 1 \n\u00a0B\u00a0=\u00a02\u00a0\n\u3000C=3\u2003", map[string]string{"A": "1", "B": "2", "C": "3"}},
		"a colon":                         {"A: 1\nB:2\nC=http://x:1", map[string]string{"A": "1", "B": "2", "C": "http://x:1"}},
		"single quotes":                   {"A='1 # $B \\n \"x\"'\nB=''\nC='x' # y\nD='it\\'s'", map[string]string{"A": `1 # $B \n "x"`, "B": "", "C": "x", "D": `it\'s`}},
		"double quotes":                   {`A="1 # 2"` + "\n" + `B="a\nb\rc\"d\\e\$F\t"`, map[string]string{"A": "1 # 2", "B": "a\nb\rc\"d\\e$Ft"}},
		"quotes over lines":               {"A='1\n\n2'\nB=\"3\n4\"\nC=5", map[string]string{"A": "1\n\n2", "B": "3\n4", "C": "5"}},
		"a backslash before a quote":      {`A="x\\"` + "\n" + `B="y"`, map[string]string{"A": `x\`, "B": "y"}},
		"quotes inside":                   {`A=it's "so"`, map[string]string{"A": `it's "so"`}},
		"comments behind":                 {"A=1 # x\nB=1\t# x # y\nC=1#x\nD='1' # x\nE=#x\nF='1'#x", map[string]string{"A": "1", "B": "1", "C": "1#x", "D": "1", "E": "#x", "F": "1"}},
		"only a comment":                  {"A= # the web client\nB=\t# x\nC=", map[string]string{"A": "", "B": "", "C": ""}},
		"the last counts":                 {"A=1\nA=2", map[string]string{"A": "2"}},
		"earlier lines":                   {"A=1\nB=$A/${A}/$A-x${A}x\nC=\"$A $B\"\nD='$A'", map[string]string{"A": "1", "B": "1/1/1-x1x", "C": "1 1/1/1-x1x", "D": "$A"}},
		"a $ that is only a $":            {"A=$ $$ $x a$ ${} ${x} $- \\$B\nC=\"\\$B \\${B}\"", map[string]string{"A": "$ $$ $x a$ ${} ${x} $- $B", "C": "$B ${B}"}},
		"an earlier name that a word has": {"A=1\nB=$Abc", map[string]string{"A": "1", "B": "1bc"}},
		"one that was emptied":            {"A=\nB=x$A", map[string]string{"A": "", "B": "x"}},
		"names of other programs":         {"a.b_C9=1", map[string]string{"a.b_C9": "1"}},
		"a long line":                     {"A=" + strings.Repeat("x", 200_000), map[string]string{"A": strings.Repeat("x", 200_000)}},
	}
	for name, tt := range tests {
		found, problem := parseAssignments(tt.text)
		if problem != nil {
			t.Errorf("%s: line %d: %s", name, problem.line, problem.text)
			continue
		}
		for _, a := range found {
			if a.unset != "" {
				t.Errorf("%s: line %d: %s refers to nothing", name, a.line, a.unset)
			}
		}
		if got := valuesOf(found); !maps.Equal(got, tt.want) {
			t.Errorf("%s\n got %.200q\nwant %.200q", name, got, tt.want)
		}
	}
}

// Files are read as a dotenv library reads them, so that a file can be shared.
func TestSettingsFilesAreDotenvFiles(t *testing.T) {
	var template strings.Builder
	if err := WriteInitial(&template, map[string]string{"WEB_API_KEY": "web-K", "CHATME_DB": "'/srv/a b/$c.db'", "ALLOWED_ORIGINS": ""}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		template.String(), "A=1", "A=1\nB=$A/${A}\n", "export A = '1' # x\n\nB=\"2\\n3\" # y\nC: 4\n# D=5\nE=a b # c\nF=x#y", "A='1\n2'\nB=3", "A=\\$B $x$",
	} {
		want, err := godotenv.Unmarshal(text)
		if err != nil {
			t.Fatal(err)
		}
		found, problem := parseAssignments(text)
		if got := valuesOf(found); problem != nil || !maps.Equal(got, want) {
			t.Errorf("%.60q: %v\n got %q\nwant %q", text, problem, got, want)
		}
	}
}

func TestLineThatCannotBeRead(t *testing.T) {
	const form = "not of the form NAME=value"
	tests := map[string]struct {
		text string
		line int
		want string
	}{
		"no value":                      {"A=1\n\nsecret\nB=2", 3, form},
		"no value on the last line":     {"A=1\nsecret", 2, form}, // a dotenv library says nothing
		"no name":                       {"=secret", 1, form},
		"a space in the name":           {"A secret=1", 1, form},
		"a letter that is none of ours": {"\u0410=secret", 1, form},
		"an open quote":                 {"A=1\nB='secret\nC=2\nD=\"x\"", 2, "never closed"},
		"an open quote of the other":    {"A=\"secret\\\"\nB=1", 1, "never closed"},
		"behind a quote":                {"A='1\n2'\nB='secret'secret", 3, "follows the closing quote"},
		"two on one line":               {"A='secret' B=2", 1, "follows the closing quote"},
		"a hidden letter in the name":   {"A=1\nCHATME_\u200bADDR=secret", 2, "U+200B, which is invisible"},
		"a hidden letter before it":     {"A=1\n\ufeffB=secret", 2, "U+FEFF, which is invisible"},
		"a hidden letter alone":         {"A=1\n\u2060\n", 2, "U+2060, which is invisible"},
	}
	for name, tt := range tests {
		_, problem := parseAssignments(tt.text)
		if problem == nil || problem.line != tt.line || !strings.Contains(problem.text, tt.want) || strings.Contains(problem.text, "secret") {
			t.Errorf("%s: %+v, want line %d: %s", name, problem, tt.line, tt.want)
		}
	}
}

// Known defect: a $ that refers to nothing was silently dropped, so a key with one lost its end.
func TestUnsetNamesAreRefused(t *testing.T) {
	const remedy = " refers to nothing; put the value in 'single quotes' if the $ belongs to it"
	tests := map[string]struct{ text, want string }{ // "": it is read
		"a path":                    {"# x\n\n\n\nCHATME_DB=/srv/$FOO-x/chatme.db", ".env, line 5: $FOO" + remedy},
		"braces":                    {"CHATME_DB=/srv/${FOO}/chatme.db", ".env, line 1: ${FOO}" + remedy},
		"double quotes":             {"CHATME_DB=\"/srv/\n$FOO\"", ".env, line 1: $FOO" + remedy},
		"of the environment":        {"CHATME_DB=$HOME/chatme.db", ".env, line 1: $HOME" + remedy},
		"of a later line":           {"CHATME_DB=$FOO\nFOO=x", ".env, line 1: $FOO" + remedy},
		"the rest of a word":        {"CHATME_DB=x$Foo", ".env, line 1: $Foo" + remedy},
		"a digit":                   {"CHATME_DB=x$5", ".env, line 1: $5" + remedy},
		"a command":                 {"CHATME_DB=$(pwd)/chatme.db", ".env, line 1: $(" + remedy},
		"a default":                 {"FOO=x\nCHATME_DB=${FOO:-y}", ".env, line 2: ${FOO" + remedy},
		"a brace that stays open":   {"FOO=x\nCHATME_DB=${FOO", ".env, line 2: ${FOO" + remedy},
		"of one that is not set":    {"FOO=$BAR\nCHATME_DB=$FOO/chatme.db", ".env, line 2: $FOO" + remedy},
		"of one set twice":          {"FOO=x\nFOO=$BAR\nCHATME_DB=$FOO", ".env, line 3: $FOO" + remedy},
		"two lines":                 {"CHATME_DB=$A\nCHATME_ADDR=$B", ".env, line 2: $B" + remedy + "\n.env, line 1: $A" + remedy},
		"a key":                     {"MOBILE_API_KEY=abc$SECRET", ".env, line 1: a $ in MOBILE_API_KEY" + remedy},
		"a key with two":            {"MOBILE_API_KEY=\"abc$$SECRET\"", ".env, line 1: a $ in MOBILE_API_KEY" + remedy},
		"a file for a key":          {"MOBILE_API_KEY_FILE=$SECRETS/key", ".env, line 1: $SECRETS" + remedy},
		"a typo":                    {"CHATME_ADR=$FOO", "CHATME_ADR (from .env, line 1): unknown setting; did you mean CHATME_ADDR?"},
		"another program's":         {"OTHER=$FOO", ""},
		"single quotes":             {"MOBILE_API_KEY='abc$SECRET'", ""},
		"a backslash":               {"MOBILE_API_KEY=abc\\$SECRET", ""},
		"small letters":             {"MOBILE_API_KEY=abc$ecret", ""},
		"overruled and still wrong": {"CHATME_ADDR=$FOO\nCHATME_ADDR=:1", ".env, line 1: $FOO" + remedy},
	}
	for name, tt := range tests {
		mustWriteFiles(t, map[string]string{".env": tt.text})
		_, _, err := Load(Sources{Environ: []string{someKey}})
		if got := fmt.Sprint(err); tt.want != "" && got != tt.want || tt.want == "" && err != nil {
			t.Errorf("%s\n got %s\nwant %s", name, got, tt.want)
		}
	}
}

// LoadPlace reports only problems in the lines that name the server's place.
func TestUnsetNamesOfOtherSettings(t *testing.T) {
	mustWriteFiles(t, map[string]string{"a": "CHATME_DB=/srv/c.db\nWEB_API_KEY=x$Y", "b": "CHATME_DB=/srv/$Y"})
	if cfg, err := LoadPlace(Sources{File: "a"}); err != nil || cfg.DB != "/srv/c.db" {
		t.Errorf("%v", err)
	}
	if _, err := LoadPlace(Sources{File: "b"}); err == nil || !strings.Contains(err.Error(), "b, line 1: $Y refers to nothing") {
		t.Errorf("%v", err)
	}
}

// No file makes the parser panic, hang, or name a line that does not exist.
func FuzzParseAssignments(f *testing.F) {
	for _, seed := range []string{"A=1\nB=$A", "export A='x\ny' # z", "A=\"\\$B ${C} $(D) \\", "A: ${B:-c}\n\u200bD=1", "='", "A=$", "A='\\'", "#\n\n=\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, problem := parseAssignments(text)
		lines := 1 + strings.Count(text, "\n")
		if problem != nil && (problem.line < 1 || problem.line > lines) {
			t.Errorf("line %d of %d", problem.line, lines)
		}
		last := 0
		for _, a := range found {
			if a.line <= last || a.line > lines {
				t.Errorf("line %d of %d, behind %d", a.line, lines, last)
			}
			last = a.line
			if a.unset != "" && (a.value != "" || !strings.Contains(text, a.unset[:2])) {
				t.Errorf("%+v", a)
			}
			// A value in single quotes is unchanged.
			if strings.ContainsAny(a.value, `'`) || strings.HasSuffix(a.value, `\`) {
				continue
			}
			again, problem := parseAssignments(a.name + "='" + a.value + "'")
			if problem != nil || len(again) != 1 || again[0].value != a.value || again[0].unset != "" {
				t.Errorf("%q in quotes: %+v, %+v", a.value, again, problem)
			}
		}
	})
}
