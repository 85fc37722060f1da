package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestKeysInFilesOfTheirOwn(t *testing.T) {
	const web, mobile = "WEB_API_KEY", "MOBILE_API_KEY"
	files := map[string]string{
		"lines":                "the-newest-key-of-all\n  the-key-before-it \r\n\n",
		"commas":               "one,two , three",
		"creds/web_api_key":    "of-the-credential\n",
		"creds/mobile_api_key": "of-the-credential-too\n",
		"half/mobile_api_key":  "only-this-one\n",
		".env":                 "WEB_API_KEY_FILE=lines",
		"both.conf":            "WEB_API_KEY=old\nWEB_API_KEY_FILE=lines",
		"empty":                "\n , \n",
		"image":                "a key\x00of an image",
		"large":                strings.Repeat("key,", maxKeyFile/4+1),
	}
	twoLines := []string{"the-newest-key-of-all", "the-key-before-it"}
	tests := map[string]struct {
		src      Sources
		web      []string
		from     string // of the web keys
		mobile   []string
		problems []string
	}{
		"a list": {
			src: Sources{Environ: []string{web + "=new, old ,,older"}, File: noFile},
			web: []string{"new", "old", "older"}, from: "environment",
		},
		"a flag given twice is a list": {
			src: Sources{Flags: Flags{"web-api-key": "new,old"}, File: noFile},
			web: []string{"new", "old"}, from: "flag",
		},
		"one a line": {
			src: Sources{Environ: []string{web + "_FILE=lines"}, File: noFile},
			web: twoLines, from: "WEB_API_KEY_FILE (environment)",
		},
		"commas": {
			src: Sources{Flags: Flags{"web-api-key-file": "commas"}, File: noFile},
			web: []string{"one", "two", "three"}, from: "WEB_API_KEY_FILE (flag)",
		},
		"named in a file":                   {web: twoLines, from: "WEB_API_KEY_FILE (file .env)"},
		"the environment beats the file":    {src: Sources{Environ: []string{web + "=key"}}, web: []string{"key"}, from: "environment"},
		"no key beats the file, too":        {src: Sources{Environ: []string{web + "="}}, web: []string{}, from: "environment", problems: []string{"set WEB_API_KEY or MOBILE_API_KEY: without a key no client can connect"}},
		"a file beats a key in a weaker":    {src: Sources{Flags: Flags{"web-api-key-file": "commas"}, Environ: []string{web + "=key"}}, web: []string{"one", "two", "three"}, from: "WEB_API_KEY_FILE (flag)"},
		"an empty name is not a file":       {src: Sources{Environ: []string{web + "=key", web + "_FILE="}}, web: []string{"key"}, from: "environment"},
		"credentials":                       {src: Sources{Environ: []string{"CREDENTIALS_DIRECTORY=creds"}}, web: []string{"of-the-credential"}, from: "credential web_api_key", mobile: []string{"of-the-credential-too"}},
		"one credential":                    {src: Sources{Environ: []string{"CREDENTIALS_DIRECTORY=half"}}, web: twoLines, from: "WEB_API_KEY_FILE (file .env)", mobile: []string{"only-this-one"}},
		"the environment beats credentials": {src: Sources{Environ: []string{"CREDENTIALS_DIRECTORY=creds", web + "=key"}}, web: []string{"key"}, from: "environment", mobile: []string{"of-the-credential-too"}},

		"both in the environment": {
			src:      Sources{Environ: []string{mobile + "=key", mobile + "_FILE=lines"}},
			problems: []string{"MOBILE_API_KEY and MOBILE_API_KEY_FILE are both set in the environment; remove one of them"},
		},
		"both in a file": {
			src:      Sources{File: "both.conf"},
			problems: []string{"WEB_API_KEY and WEB_API_KEY_FILE are both set in both.conf; remove one of them"},
		},
		"both as flags": {
			src:      Sources{Flags: Flags{"web-api-key": "key", "web-api-key-file": "lines"}},
			problems: []string{"--web-api-key and --web-api-key-file are both given; remove one of them"},
		},
		"not there": {
			src:      Sources{Environ: []string{mobile + "_FILE=gone"}},
			problems: []string{"MOBILE_API_KEY_FILE (environment): read gone: no such file or directory"},
		},
		"a directory": {
			src:      Sources{Environ: []string{mobile + "_FILE=creds"}},
			problems: []string{"MOBILE_API_KEY_FILE (environment): creds is not a regular file"},
		},
		"empty": {
			src:      Sources{Environ: []string{mobile + "_FILE=empty"}},
			problems: []string{"MOBILE_API_KEY_FILE (environment): empty holds no key; write one per line"},
		},
		"no text": {
			src:      Sources{Environ: []string{mobile + "_FILE=image"}},
			problems: []string{"MOBILE_API_KEY_FILE (environment): image, line 1: NUL character; if the file is UTF-16, save it as UTF-8"},
		},
		"too large": {
			src:      Sources{Environ: []string{mobile + "_FILE=large"}},
			problems: []string{"MOBILE_API_KEY_FILE (environment): large is larger than 64 KiB; it should hold keys, one per line"},
		},
	}
	t.Chdir(t.TempDir())
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, settings, err := Load(tt.src)
			var problems []string
			if err != nil {
				problems = strings.Split(err.Error(), "\n")
			}
			if !slices.Equal(problems, tt.problems) {
				t.Fatalf("problems %q, want %q", problems, tt.problems)
			}
			if from := findSetting(t, settings, "web-api-key").From; tt.from != "" && from != tt.from {
				t.Errorf("from %q, want %q", from, tt.from)
			}
			if tt.problems == nil && (!slices.Equal(cfg.WebAPIKeys, tt.web) || !slices.Equal(cfg.MobileAPIKeys, tt.mobile)) {
				t.Errorf("keys %q and %q, want %q and %q", cfg.WebAPIKeys, cfg.MobileAPIKeys, tt.web, tt.mobile)
			}
		})
	}
}

// A world-readable file is named if a key in force is from it.
func TestExposedFiles(t *testing.T) {
	mustWriteFiles(t, map[string]string{".env": "WEB_API_KEY=key\nCHATME_ADDR=:1", "keys": "key"})
	if err := os.Chmod(".env", 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod("keys", 0o604); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		environ           []string
		web, mobile, addr string
	}{
		"the settings file":      {nil, ".env", "", ""},
		"a file of keys":         {[]string{"MOBILE_API_KEY_FILE=keys"}, ".env", "keys", ""},
		"one that is not in use": {[]string{"WEB_API_KEY=other"}, "", "", ""},
	}
	for name, tt := range tests {
		_, settings, err := Load(Sources{Environ: tt.environ})
		if err != nil {
			t.Fatal(err)
		}
		for flag, want := range map[string]string{"web-api-key": tt.web, "mobile-api-key": tt.mobile, "addr": tt.addr} {
			if got := findSetting(t, settings, flag).Exposed; got != want {
				t.Errorf("%s: --%s is exposed by %q, want %q", name, flag, got, want)
			}
		}
	}
	if err := os.Chmod(".env", 0o640); err != nil {
		t.Fatal(err)
	}
	if _, settings, err := Load(Sources{}); err != nil || findSetting(t, settings, "web-api-key").Exposed != "" {
		t.Errorf("a file of mode 0640 counts as exposed; %v", err)
	}
}
