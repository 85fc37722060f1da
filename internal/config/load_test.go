package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const someKey = "WEB_API_KEY=0123456789abcdef"

// mustWriteFiles changes to a new directory that holds the files.
func mustWriteFiles(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func findSetting(t *testing.T, settings []Setting, flag string) Setting {
	t.Helper()
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Flag == flag })
	if i < 0 {
		t.Fatalf("no setting --%s", flag)
	}
	return settings[i]
}

func TestDefaultsAreTheProtocols(t *testing.T) {
	got := *Default()
	want := Config{
		Addr: ":8787", DB: "chatme.db",
		WebAPIKeys: []string{}, MobileAPIKeys: []string{},
		AllowedOrigins:  []string{"http://localhost:5173", "http://localhost:3000", "http://localhost:8787"},
		AllowNullOrigin: "off", Images: "data", ImagesStrip: "on", Web: "on",
		Topics:         []string{"music", "games", "films", "books", "sport", "food", "travel", "art", "science", "technology", "animals", "nature"},
		Languages:      []string{},
		TrustedProxies: []string{"127.0.0.0/8", "::1/128"},
		LogLevel:       "info", LogFormat: "auto",
		AuthTimeout:  Duration{10 * time.Second},
		PingInterval: Duration{25 * time.Second},
		DeadAfter:    Duration{time.Minute}, DeadAfterOld: Duration{5 * time.Minute},
		IdleAfter: Duration{10 * time.Minute}, SessionTTL: Duration{24 * time.Hour},
		ChatWindow: Duration{2 * time.Minute}, ChatWindowOld: Duration{30 * time.Second},
		QueueWindow: Duration{30 * time.Second}, SleepMax: Duration{10 * time.Minute},
		AwayAfter: Duration{time.Second}, OpenAfter: Duration{5 * time.Second}, LateAfter: Duration{10 * time.Second},
		RecentFor: Duration{5 * time.Minute}, RematchAfter: Duration{10 * time.Second}, SettleTimeout: Duration{2 * time.Second},
		LowPriority:     "watch",
		ProgressTimeout: Duration{20 * time.Second}, StallTimeout: Duration{30 * time.Second},
		ShutdownTimeout:  Duration{4 * time.Second},
		FrameBeforeMatch: 64 << 10, FrameMax: 16<<20 + 64<<10, TextMax: 64 << 10,
		MalformedPerMinute: 5, InFlightMax: 256 << 20,
		OutboxFrames: 64, OutboxBytes: 256 << 10, MaxConns: 0, QueuedChanges: 10000, QueuedBytes: 64 << 20, FailedKeys: 10,
		SessionRows: 2_000_000, MailboxMessages: 200, MailboxBytes: 32 << 20, MailTotal: 1 << 30, LetterMax: 16<<20 + 64<<10,
		RingMessages: 200, RingBytes: 32 << 20, RingTotal: 256 << 20,
		NetworkSockets: 0, NetworkConnects: Rate{0, 0, time.Minute}, NetworkSessions: Rate{0, 1, time.Second},
		NetworkSearches: Rate{100, 20, time.Second}, NetworkBytes: ByteRate{256 << 20, 8 << 20, time.Second},
		SessionMatches: Rate{10, 1, 3 * time.Second}, SessionResumes: Rate{20, 1, 5 * time.Second}, NetworkShare: 8, NetworkMail: 64 << 20,
		SocketFrames: Rate{600, 60, time.Second}, SocketMessages: Rate{300, 10, time.Second}, SocketBytes: ByteRate{64 << 20, 1 << 20, time.Second},
		SocketPings: Rate{20, 1, time.Second}, TypingInterval: Duration{300 * time.Millisecond}, RepeatedAuths: 3,
		RateWaits: Duration{time.Minute}, FramePace: 8 << 10,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("defaults\n got %+v\nwant %+v", got, want)
	}
}

func TestEverySettingIsComplete(t *testing.T) {
	unit := regexp.MustCompile(`\((duration|bytes|bytes of UTF-8|frames|connections|changes|attempts|messages|sessions|parts|rate|rate in bytes)\)\.$`)
	for _, s := range settingsOf(&Config{}) {
		if s.Flag == "" || s.Env == "" || s.Group == "" || s.Help == "" {
			t.Errorf("incomplete: %+v", s)
		}
		switch s.field.Interface().(type) {
		case Duration, Bytes, Count, Rate, ByteRate:
			if !unit.MatchString(s.Help) {
				t.Errorf("--%s: the help does not end with its unit: %s", s.Flag, s.Help)
			}
		}
		optional := slices.Contains([]string{"web-dir", "admin", "metrics-addr", "tls-cert", "tls-key", "languages"}, s.Flag) || strings.HasSuffix(s.Flag, "-file") // where nothing is a choice
		if s.Default == "" && !s.secret && !optional {
			t.Errorf("--%s has no default", s.Flag)
		}
	}
}

func TestPrecedence(t *testing.T) {
	const flag, env = "ping-interval", "CHATME_PING_INTERVAL"
	tests := map[string]struct {
		files    map[string]string
		src      Sources
		want     time.Duration
		wantFrom string
	}{
		"default":                    {want: 25 * time.Second, wantFrom: "default"},
		"default of the mode":        {src: Sources{Defaults: map[string]string{flag: "9s"}}, want: 9 * time.Second, wantFrom: "default"},
		".env beats default":         {files: map[string]string{".env": env + "=1s"}, want: time.Second, wantFrom: "file .env"},
		".dev.vars beats .env":       {files: map[string]string{".env": env + "=1s", ".dev.vars": env + "=2s"}, want: 2 * time.Second, wantFrom: "file .dev.vars"},
		".env fills .dev.vars":       {files: map[string]string{".env": env + "=1s", ".dev.vars": "OTHER=2s"}, want: time.Second, wantFrom: "file .env"},
		"--config replaces both":     {files: map[string]string{".env": env + "=1s", "my.conf": ""}, src: Sources{File: "my.conf"}, want: 25 * time.Second, wantFrom: "default"},
		"environment beats file":     {files: map[string]string{".env": env + "=1s"}, src: Sources{Environ: []string{env + "=3s"}}, want: 3 * time.Second, wantFrom: "environment"},
		"flag beats environment":     {src: Sources{Environ: []string{env + "=3s"}, Flags: Flags{flag: "4s"}}, want: 4 * time.Second, wantFrom: "flag"},
		"flag beats all":             {files: map[string]string{".env": env + "=1s"}, src: Sources{Environ: []string{env + "=3s"}, Flags: Flags{flag: "4s"}}, want: 4 * time.Second, wantFrom: "flag"},
		"quotes and export in files": {files: map[string]string{".env": "# a comment\n\nexport " + env + " = '1s' # and another\r\n"}, want: time.Second, wantFrom: "file .env"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			mustWriteFiles(t, tt.files)
			tt.src.Environ = append(tt.src.Environ, someKey)
			cfg, settings, err := Load(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.PingInterval.Duration; got != tt.want {
				t.Errorf("value %v, want %v", got, tt.want)
			}
			if got := findSetting(t, settings, flag).From; got != tt.wantFrom {
				t.Errorf("from %q, want %q", got, tt.wantFrom)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		src   Sources
		env   []string // a key is always there, unless an entry takes it away
		want  []string // every line
	}{
		"bad value in a file": {
			files: map[string]string{".env": "CHATME_PING_INTERVAL=abc"},
			want:  []string{`CHATME_PING_INTERVAL="abc" (from .env, line 1): not a duration; write for example 25s`},
		},
		"bad value under a good one": {
			files: map[string]string{".env": "CHATME_PING_INTERVAL=abc"},
			env:   []string{"CHATME_PING_INTERVAL=1s"},
			want:  []string{`CHATME_PING_INTERVAL="abc" (from .env, line 1): not a duration; write for example 25s`},
		},
		"several bad flags": {
			src: Sources{Flags: Flags{"auth-timeout": "-1s", "frame-max": "big", "outbox-frames": "1.5", "images": "some", "addr": "8787"}},
			want: []string{
				`--addr="8787": not an address; write for example :8787 or 127.0.0.1:8787`,
				`--images="some": must be one of any, data, off`,
				`--auth-timeout="-1s": must be more than 0; write for example 10s`,
				`--frame-max="big": not a size in bytes; write for example 16842752`,
				`--outbox-frames="1.5": not a number; write for example 64`,
			},
		},
		"unknown names": {
			files: map[string]string{".env": "CHATME_PING_INTERVALL=1s\nSOMEONE_ELSES=1"},
			env:   []string{"CHATME_WEB_API_KEY=not-to-be-shown", "CHATME_QQQQQQQQQQQQ=1", "PATH=/bin"},
			want: []string{
				`CHATME_PING_INTERVALL (from .env, line 1): unknown setting; did you mean CHATME_PING_INTERVAL?`,
				`CHATME_QQQQQQQQQQQQ (from the environment): unknown setting`,
				`CHATME_WEB_API_KEY (from the environment): unknown setting; did you mean WEB_API_KEY?`,
			},
		},
		"no key": {
			env:  []string{"WEB_API_KEY="},
			want: []string{`set WEB_API_KEY or MOBILE_API_KEY: without a key no client can connect`},
		},
		"relations": {
			env: []string{
				"CHATME_PING_INTERVAL=10m", "CHATME_SESSION_TTL=2m", "CHATME_QUEUE_WINDOW=3m", "CHATME_FRAME_BEFORE_MATCH=1MiB",
				"CHATME_FRAME_MAX=512KiB", "CHATME_TEXT_MAX=2MiB", "CHATME_IN_FLIGHT_MAX=1KiB", "CHATME_FAILED_KEYS=0",
			},
			want: []string{
				`CHATME_PING_INTERVAL (10m) must be less than CHATME_DEAD_AFTER (1m): a quiet client needs a ping to answer before it counts as away`,
				`CHATME_PING_INTERVAL (10m) must be less than CHATME_DEAD_AFTER_OLD (5m): a quiet client needs a ping to answer before it counts as gone`,
				`CHATME_QUEUE_WINDOW (3m) must not be more than CHATME_SESSION_TTL (2m): a place cannot outlive its session`,
				`CHATME_SLEEP_MAX (10m) must not be more than CHATME_SESSION_TTL (2m): an announced absence cannot outlive its session`,
				`CHATME_FRAME_BEFORE_MATCH (1048576 bytes) must not be more than CHATME_FRAME_MAX (524288 bytes): a match never lowers the limit`,
				`CHATME_TEXT_MAX (2097152 bytes) must not be more than CHATME_FRAME_BEFORE_MATCH (1048576 bytes): a text must fit into a frame`,
				`CHATME_FRAME_MAX (524288 bytes) must not be more than CHATME_IN_FLIGHT_MAX (1024 bytes): the largest frame must fit into the budget`,
				`CHATME_FAILED_KEYS (0) must be at least 1`,
			},
		},
		"a certificate without its key": {
			env:  []string{"CHATME_TLS_CERT=/etc/chatme/cert.pem"},
			want: []string{`set both CHATME_TLS_CERT and CHATME_TLS_KEY, or neither: a certificate needs its key`},
		},
		"a relation to a bad value says nothing": {
			env:  []string{"CHATME_PING_INTERVAL=x", "CHATME_DEAD_AFTER=1s"},
			want: []string{`CHATME_PING_INTERVAL="x" (from the environment): not a duration; write for example 25s`},
		},
		"a frame too small for an auth": {
			env: []string{"CHATME_FRAME_BEFORE_MATCH=100", "CHATME_TEXT_MAX=100"},
			want: []string{
				`CHATME_FRAME_BEFORE_MATCH (100 bytes) must be at least 1024: an auth must fit`,
			},
		},
		"lists": {
			env: []string{"ALLOWED_ORIGINS=https://a.example/, https://c.example,null", "CHATME_TRUSTED_PROXIES=10.0.0.1,x"},
			want: []string{
				`ALLOWED_ORIGINS="https://a.example/, https://c.example,null" (from the environment): "https://a.example/" is not what a browser sends; write https://a.example; "null" is not an origin; pages from a file or in a sandboxed frame send null: set CHATME_ALLOW_NULL_ORIGIN=on to allow them`,
				`CHATME_TRUSTED_PROXIES="10.0.0.1,x" (from the environment): "10.0.0.1" is not a network; write 10.0.0.1/32 for this single address; "x" is not a network; write for example 10.0.0.0/8`,
			},
		},
		"a named file that is not there": {
			src:  Sources{File: "gone.conf"},
			want: []string{`read gone.conf: no such file or directory`},
		},
		"a directory as file": {
			src:  Sources{File: "."},
			want: []string{`read .: is a directory`},
		},
		"a file that is not a settings file keeps its secrets": {
			files: map[string]string{".env": "# keys\nCHATME_ADDR=:1\nnot a setting\nWEB_API_KEY=not-to-be-shown"},
			want:  []string{`.env, line 3: not of the form NAME=value`},
		},
		"an open quote": {
			files: map[string]string{".env": "CHATME_ADDR=:1\nWEB_API_KEY='not-to-be-shown\n\n"},
			want:  []string{`.env, line 2: the quote is never closed; put a value that begins with a quote in quotes of the other kind`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			mustWriteFiles(t, tt.files)
			tt.src.Environ = append([]string{someKey}, tt.env...)
			_, _, err := Load(tt.src)
			if err == nil {
				t.Fatal("no problem found")
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, tt.want) {
				t.Errorf("problems\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "))
			}
			if strings.Contains(err.Error(), "not-to-be-shown") {
				t.Error("a key is in the text")
			}
		})
	}
}

func TestAnEmptyListIsAChoice(t *testing.T) {
	mustWriteFiles(t, nil)
	cfg, _, err := Load(Sources{Environ: []string{someKey, "CHATME_TRUSTED_PROXIES=", "ALLOWED_ORIGINS="}})
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.TrustedProxies) != 0 || len(cfg.AllowedOrigins) != 0 {
		t.Errorf("got %q and %q, want none", cfg.TrustedProxies, cfg.AllowedOrigins)
	}
}

func TestKeysAreMasked(t *testing.T) {
	mustWriteFiles(t, nil)
	cfg, settings, err := Load(Sources{Environ: []string{"WEB_API_KEY=0123456789abcdef", "MOBILE_API_KEY=short"}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(cfg.WebAPIKeys, []string{"0123456789abcdef"}) || !slices.Equal(cfg.MobileAPIKeys, []string{"short"}) {
		t.Errorf("keys %q and %q", cfg.WebAPIKeys, cfg.MobileAPIKeys)
	}
	if got := findSetting(t, settings, "web-api-key").Value; got != "01… (16 characters)" {
		t.Errorf("long key shown as %q", got)
	}
	if got := findSetting(t, settings, "mobile-api-key").Value; got != "(set)" {
		t.Errorf("short key shown as %q", got)
	}
}

func TestTemplateChangesNothing(t *testing.T) {
	var template strings.Builder
	if err := WriteTemplate(&template); err != nil {
		t.Fatal(err)
	}
	uncommented := regexp.MustCompile(`(?m)^#([A-Z_]+=)`).ReplaceAllString(template.String(), "$1")
	if uncommented == template.String() {
		t.Fatal("the template has no setting")
	}
	mustWriteFiles(t, map[string]string{"commented": template.String(), "all": uncommented})
	for _, file := range []string{"commented", "all"} {
		cfg, settings, err := Load(Sources{File: file, Flags: Flags{"web-api-key": "k"}})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want := Default()
		want.WebAPIKeys = []string{"k"}
		if !reflect.DeepEqual(cfg, want) {
			t.Errorf("%s\n got %+v\nwant %+v", file, cfg, want)
		}
		if from := findSetting(t, settings, "failed-keys").From; file == "all" && from != "file all" {
			t.Errorf("the last setting of the file is from %q", from)
		}
	}
}
