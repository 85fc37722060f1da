package main

import (
	"slices"
	"testing"

	"chatme/internal/cli"
)

func TestDevDefaultsYieldToWhatIsSet(t *testing.T) {
	tests := map[string]struct {
		environ                       []string
		wantWeb, wantMobile, wantForm string
	}{
		"nothing set": {nil, devWebAPIKey, devMobileAPIKey, "text"},
		"a key set":   {[]string{"WEB_API_KEY=mine"}, "mine", devMobileAPIKey, "text"},
		"all set":     {[]string{"WEB_API_KEY=mine", "MOBILE_API_KEY=too", "CHATME_LOG_FORMAT=json"}, "mine", "too", "json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir()) // away from any .env of the developer
			cfg, _, err := (&cli.Program{Environ: tt.environ}).Load(cli.Settings{}, devDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(cfg.WebAPIKeys, []string{tt.wantWeb}) || !slices.Equal(cfg.MobileAPIKeys, []string{tt.wantMobile}) || cfg.LogFormat != tt.wantForm {
				t.Errorf("got %q, %q, %q; want %q, %q, %q",
					cfg.WebAPIKeys, cfg.MobileAPIKeys, cfg.LogFormat, tt.wantWeb, tt.wantMobile, tt.wantForm)
			}
		})
	}
}
