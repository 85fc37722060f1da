package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// utf16Text returns text as an editor saves it as "Unicode".
func utf16Text(text string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// With a byte order mark or a comment in the page's key no client could connect, and the log would show no reason.
func TestKeyFilesAsEditorsWriteThem(t *testing.T) {
	tests := map[string]struct {
		content string
		want    []string
		problem string // behind the name of the file
	}{
		"without a last line end":      {"the-key", []string{"the-key"}, ""},
		"of Windows":                   {"\ufeffthe-key\r\nolder\r\n", []string{"the-key", "older"}, ""},
		"of an old Mac":                {"the-key\rolder\r", []string{"the-key", "older"}, ""},
		"a comment":                    {"# the web client\nthe-key\n  # older, and\nolder\n", []string{"the-key", "older"}, ""},
		"a comment behind a mark":      {"\ufeff# x\nthe-key", []string{"the-key"}, ""},
		"blank lines and spaces":       {"\n \t\n the-key \n\u00a0older\u2003\n", []string{"the-key", "older"}, ""},
		"quotes":                       {"'the-key'\n\"older\", 'oldest'\n", []string{"the-key", "older", "oldest"}, ""},
		"a # in quotes":                {"'the-key # x'\n", []string{"the-key # x"}, ""},
		"a # in a key":                 {"the#key\na#\n", []string{"the#key", "a#"}, ""},
		"letters of other scripts":     {"klíč-ключ-鍵-🔑\n", []string{"klíč-ключ-鍵-🔑"}, ""},
		"UTF-16":                       {utf16Text("the-key\r\n"), nil, " is UTF-16; save it as UTF-8"},
		"UTF-16, the other end first":  {"\xfe\xff\x00k\x00e\x00y", nil, " is UTF-16; save it as UTF-8"},
		"UTF-16 without a mark":        {utf16Text("the\nkey")[2:], nil, ", line 1: NUL character; if the file is UTF-16, save it as UTF-8"},
		"NUL on the second line":       {"the-key\nx\x00", nil, ", line 2: NUL character; if the file is UTF-16, save it as UTF-8"},
		"Latin-1":                      {"# x\nthe-k\xe9y", nil, ", line 2: a key is not UTF-8"},
		"a zero width space":           {"# x\n\nthe-key\u200b\n", nil, ", line 3: a key holds U+200B, which is invisible; delete it, or retype the key"},
		"a mark inside":                {"the-key\n\ufeffolder", nil, ", line 2: a key holds U+FEFF, which is invisible; delete it, or retype the key"},
		"two marks":                    {"\ufeff\ufeffthe-key", nil, ", line 1: a key holds U+FEFF, which is invisible; delete it, or retype the key"},
		"a soft hyphen":                {"the\u00adkey", nil, ", line 1: a key holds U+00AD, which is invisible; delete it, or retype the key"},
		"a no-break space inside":      {"the\u00a0key", nil, ", line 1: a key holds U+00A0, which is invisible; delete it, or retype the key"},
		"the other direction":          {"the-key,\u202eolder", nil, ", line 1: a key holds U+202E, which is invisible; delete it, or retype the key"},
		"a tab inside":                 {"the\tkey", nil, ", line 1: a key holds U+0009, which is invisible; delete it, or retype the key"},
		"an escape sequence":           {"the-key\x1b[0m", nil, ", line 1: a key holds U+001B, which is invisible; delete it, or retype the key"},
		"a filler":                     {"the-key\u3164", nil, ", line 1: a key holds U+3164, which is invisible; delete it, or retype the key"},
		"a variation selector":         {"the-key\ufe0f", nil, ", line 1: a key holds U+FE0F, which is invisible; delete it, or retype the key"},
		"a tag":                        {"the-key\U000e0041", nil, ", line 1: a key holds U+E0041, which is invisible; delete it, or retype the key"},
		"in quotes too":                {"'the-key\u200b'", nil, ", line 1: a key holds U+200B, which is invisible; delete it, or retype the key"},
		"a comment behind a key":       {"x\nthe-key # of the web client", nil, ", line 2: a key holds a # after a space; put a comment on its own line, or the key in 'single quotes' in a file"},
		"a comma in quotes":            {"'the,key'", nil, ", line 1: a key begins with a quote but does not end with it; remove it, or put the key in quotes of the other kind, without a comma"},
		"nothing but a mark":           {"\ufeff", nil, " holds no key; write one per line"},
		"nothing but a comment":        {"# the-key\n", nil, " holds no key; write one per line"},
		"nothing in quotes":            {"''\n\"\"", nil, " holds no key; write one per line"},
		"a line that fills the file":   {strings.Repeat("k", maxKeyFile), []string{strings.Repeat("k", maxKeyFile)}, ""},
		"a line longer than a file is": {strings.Repeat("k", maxKeyFile+1), nil, " is larger than 64 KiB; it should hold keys, one per line"},
	}
	for name, tt := range tests {
		mustWriteFiles(t, map[string]string{"keys": tt.content, "creds/web_api_key": tt.content})
		sources := map[string]Sources{
			"WEB_API_KEY_FILE (environment): keys":                {Environ: []string{"WEB_API_KEY_FILE=keys"}},
			"WEB_API_KEY_FILE (flag): keys":                       {Flags: Flags{"web-api-key-file": "keys"}},
			"credential web_api_key: creds/web_api_key":           {Environ: []string{"CREDENTIALS_DIRECTORY=creds"}},
			"credential web_api_key: creds/web_api_key and a key": {Environ: []string{"CREDENTIALS_DIRECTORY=creds", "MOBILE_API_KEY=k"}},
		}
		for from, src := range sources {
			from, _, _ := strings.Cut(from, " and")
			cfg, _, err := Load(src)
			switch {
			case tt.problem != "":
				if want := from + tt.problem; fmt.Sprint(err) != want {
					t.Errorf("%s\n got %v\nwant %s", name, err, want)
				}
			case err != nil || !slices.Equal(cfg.WebAPIKeys, tt.want):
				t.Errorf("%s, %s: %v, %.100q", name, from, err, cfg.WebAPIKeys)
			}
		}
	}
}

// Settings files come from the same editors.
func TestSettingsFilesAsEditorsWriteThem(t *testing.T) {
	tests := map[string]struct {
		content string
		key     string
		problem string
	}{
		"of Windows":              {"\ufeffWEB_API_KEY=secret-key\r\n", "secret-key", ""},
		"of an old Mac":           {"# x\rWEB_API_KEY=secret-key\r", "secret-key", ""},
		"a mark and a comment":    {"\ufeff# x\r\n\r\nexport WEB_API_KEY='secret-key' # y", "secret-key", ""},
		"a # in quotes":           {"WEB_API_KEY='secret # key'", "secret # key", ""},
		"no-break spaces":         {"WEB_API_KEY=\u00a0secret-key\u00a0", "secret-key", ""},
		"Latin-1 in a comment":    {"# gr\xfcn\nWEB_API_KEY=secret-key", "secret-key", ""},
		"UTF-16":                  {utf16Text("WEB_API_KEY=secret-key\r\n"), "", "file is UTF-16; save it as UTF-8"},
		"UTF-16 without a mark":   {utf16Text("WEB_API_KEY=secret-key")[2:], "", "file, line 1: NUL character; if the file is UTF-16, save it as UTF-8"},
		"NUL":                     {"#\nWEB_API_KEY=secret-key\x00", "", "file, line 2: NUL character; if the file is UTF-16, save it as UTF-8"},
		"a zero width space":      {"#\n\nWEB_API_KEY=secret-key\u200b", "", `WEB_API_KEY="se… (11 characters)" (from file, line 3): a key holds U+200B, which is invisible; delete it, or retype the key`},
		"a zero width joiner":     {"WEB_API_KEY='\u200dkey'", "", `WEB_API_KEY="(set)" (from file, line 1): a key holds U+200D, which is invisible; delete it, or retype the key`},
		"a line break in quotes":  {"WEB_API_KEY=\"secret\nkey\"", "", `WEB_API_KEY="(set)" (from file, line 1): a key holds U+000A, which is invisible; delete it, or retype the key`},
		"Latin-1 in a key":        {"WEB_API_KEY=k\xe9y", "", `WEB_API_KEY="(set)" (from file, line 1): a key is not UTF-8`},
		"a mark inside":           {"A=1\n\ufeffWEB_API_KEY=secret-key", "", "file, line 2: U+FEFF, which is invisible, precedes the value; delete it, or retype the line"},
		"larger than settings":    {strings.Repeat("#", maxSettingsFile+1), "", "file is larger than 1024 KiB; it should hold settings"},
		"a value with a hidden":   {"CHATME_ADDR=:8787\u200b\nWEB_API_KEY=secret-key", "", `CHATME_ADDR=":8787\u200b" (from file, line 1): the port must be a number up to 65535`},
		"a comment of many lines": {strings.Repeat("# x\n", 100_000) + "WEB_API_KEY=secret-key", "secret-key", ""},
	}
	for name, tt := range tests {
		mustWriteFiles(t, map[string]string{"file": tt.content})
		cfg, _, err := Load(Sources{File: "file", Environ: []string{"MOBILE_API_KEY=k"}})
		switch {
		case tt.problem != "":
			if fmt.Sprint(err) != tt.problem {
				t.Errorf("%s\n got %v\nwant %s", name, err, tt.problem)
			}
		case err != nil || !slices.Equal(cfg.WebAPIKeys, []string{tt.key}):
			t.Errorf("%s: %v, %q", name, err, cfg.WebAPIKeys)
		}
	}
}

// docker --env-file and Kubernetes pass a value exactly as it is in the file.
func TestKeysOfTheEnvironment(t *testing.T) {
	const secret = "secret-key"
	tests := map[string]struct {
		value   string
		problem string // "": it is the key
	}{
		"a last line end":        {secret + "\n", ""},
		"of Windows":             {"\ufeff" + secret + "\r\n", ""},
		"a # in it":              {secret + "#1", ""},
		"a $ in it":              {secret + "$HOME", ""},
		"double quotes":          {`"` + secret + `"`, "a key is in quotes, which would be part of it; remove them"},
		"single quotes":          {`'` + secret + `'`, "a key is in quotes, which would be part of it; remove them"},
		"a comment":              {secret + " # the web client", "a key holds a # after a space"},
		"a zero width space":     {secret + "\u200b", "a key holds U+200B, which is invisible"},
		"a line break in it":     {secret + "\nkey", "a key holds U+000A, which is invisible"},
		"one of several, hidden": {secret + ",a\u2060b", "a key holds U+2060, which is invisible"},
	}
	for name, tt := range tests {
		cfg, _, err := Load(Sources{File: noFile, Environ: []string{"WEB_API_KEY=" + tt.value}})
		if tt.problem == "" {
			if want := strings.Trim(tt.value, "\ufeff\r\n"); err != nil || !slices.Equal(cfg.WebAPIKeys, []string{want}) {
				t.Errorf("%s: %v, %q", name, err, cfg.WebAPIKeys)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.problem) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %s", name, err, tt.problem)
		}
	}
}
