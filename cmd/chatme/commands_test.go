package main

import "testing"

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
			t.Chdir(t.TempDir()) // no .env of the person who runs the tests
			cfg, _, err := (&program{environ: tt.environ}).load(settings{}, devDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if cfg.WebAPIKey != tt.wantWeb || cfg.MobileAPIKey != tt.wantMobile || cfg.LogFormat != tt.wantForm {
				t.Errorf("got %q, %q, %q; want %q, %q, %q",
					cfg.WebAPIKey, cfg.MobileAPIKey, cfg.LogFormat, tt.wantWeb, tt.wantMobile, tt.wantForm)
			}
		})
	}
}
