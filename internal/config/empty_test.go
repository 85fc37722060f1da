package config

import (
	"reflect"
	"slices"
	"testing"
)

// Compose files and unit files set variables to the empty text. For a list that is an empty list; otherwise the variable
// counts as not set.
func TestEmptyValues(t *testing.T) {
	want := Default()
	want.WebAPIKeys = []string{"key"}
	for _, s := range settingsOf(&Config{}) {
		for _, empty := range []string{"", " ", "\t"} {
			mustWriteFiles(t, map[string]string{"empty": s.Env + "=" + empty + "\n", "quoted": s.Env + "='" + empty + "'"})
			sources := map[string]Sources{
				"environment": {Environ: []string{s.Env + "=" + empty}, File: noFile},
				"file empty":  {File: "empty"},
				"file quoted": {File: "quoted"},
				"flag":        {Flags: Flags{s.Flag: empty}, File: noFile},
			}
			for from, src := range sources {
				if s.Flag == "web-api-key" {
					src.Defaults = map[string]string{"mobile-api-key": "other"}
				} else {
					src.Defaults = map[string]string{"web-api-key": "key"}
				}
				cfg, settings, err := Load(src)
				if err != nil {
					t.Errorf("%s from %s: %v", s.Env, from, err)
					continue
				}
				shown := findSetting(t, settings, s.Flag)
				if s.isList() {
					if shown.field.Len() != 0 || shown.Value != "" || shown.From != from {
						t.Errorf("%s from %s: %q from %s, want an empty list", s.Env, from, shown.Value, shown.From)
					}
					continue
				}
				if !reflect.DeepEqual(cfg, want) || shown.From != "default" || shown.Value != s.Default {
					t.Errorf("%s from %s: %q from %s, want the default", s.Env, from, shown.Value, shown.From)
				}
			}
		}
	}
}

// An empty value does not override a source of lower precedence, unless it is a list.
func TestEmptyValuesAndPrecedence(t *testing.T) {
	mustWriteFiles(t, map[string]string{".env": "CHATME_ADDR=:1\nALLOWED_ORIGINS=https://a.example\nCHATME_TRUSTED_PROXIES=10.0.0.0/8\n" + someKey})
	cfg, settings, err := Load(Sources{
		Environ: []string{"CHATME_ADDR=", "ALLOWED_ORIGINS=", "CHATME_TRUSTED_PROXIES="},
		Flags:   Flags{"addr": ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Addr != ":1" || len(cfg.AllowedOrigins) != 0 || len(cfg.TrustedProxies) != 0 || !slices.Equal(cfg.WebAPIKeys, []string{"0123456789abcdef"}) {
		t.Errorf("%+v", cfg)
	}
	for flag, from := range map[string]string{"addr": "file .env", "allowed-origins": "environment", "trusted-proxies": "environment"} {
		if got := findSetting(t, settings, flag).From; got != from {
			t.Errorf("--%s is from %q, want %q", flag, got, from)
		}
	}
}
