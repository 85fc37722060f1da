package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// mustLoad returns the settings of a file with these lines.
func mustLoad(t *testing.T, lines ...string) *Config {
	t.Helper()
	mustWriteFiles(t, map[string]string{"file": strings.Join(lines, "\n")})
	cfg, _, err := Load(Sources{File: "file"})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestMerge(t *testing.T) {
	running := mustLoad(t, "WEB_API_KEY=the-key-of-yesterday", "MOBILE_API_KEY=a,b", "CHATME_ADDR=:1", "CHATME_DEAD_AFTER=60s",
		"ALLOWED_ORIGINS=https://a.example,https://b.example")
	loaded := mustLoad(t, "WEB_API_KEY=a-key-of-today,the-key-of-yesterday", "MOBILE_API_KEY=b,a", "CHATME_ADDR=:2", "CHATME_DEAD_AFTER=1m",
		"ALLOWED_ORIGINS=https://c.example,https://b.example", "CHATME_IN_FLIGHT_MAX=96MiB", "CHATME_PING_INTERVAL=20s")
	merged, changed, left, err := Merge(running, loaded)
	if err != nil {
		t.Fatal(err)
	}
	wantChanged := []Change{
		{Setting: "WEB_API_KEY", List: true, From: "th… (20 characters)", To: "a-… (14 characters), th… (20 characters)", Added: []string{"a-… (14 characters)"}},
		{Setting: "MOBILE_API_KEY", List: true, From: "(set), (set)", To: "(set), (set)"},
		{Setting: "ALLOWED_ORIGINS", List: true, From: "https://a.example,https://b.example", To: "https://c.example,https://b.example",
			Added: []string{"https://c.example"}, Removed: []string{"https://a.example"}},
		{Setting: "CHATME_IN_FLIGHT_MAX", From: "256MiB", To: "96MiB"},
	}
	wantLeft := []Change{
		{Setting: "CHATME_ADDR", From: ":1", To: ":2"},
		{Setting: "CHATME_PING_INTERVAL", From: "25s", To: "20s"},
	}
	if !reflect.DeepEqual(changed, wantChanged) {
		t.Errorf("changed\n got %+v\nwant %+v", changed, wantChanged)
	}
	if !reflect.DeepEqual(left, wantLeft) {
		t.Errorf("left\n got %+v\nwant %+v", left, wantLeft)
	}
	want := *loaded
	want.Addr, want.PingInterval = ":1", Duration{25 * time.Second}
	if !reflect.DeepEqual(*merged, want) {
		t.Errorf("merged\n got %+v\nwant %+v", *merged, want)
	}
	if running.WebAPIKeys[0] != "the-key-of-yesterday" || running.InFlightMax != 256<<20 {
		t.Error("the running configuration was changed")
	}
}

// The settings that a reload leaves unchanged must still fit those that it changes.
func TestMergeChecksTheRest(t *testing.T) {
	running := mustLoad(t, "WEB_API_KEY=key")
	loaded := mustLoad(t, "WEB_API_KEY=key", "CHATME_FRAME_MAX=1MiB", "CHATME_RING_BYTES=2MiB")
	_, _, _, err := Merge(running, loaded)
	const want = "CHATME_FRAME_MAX (16842752 bytes) must be less than CHATME_RING_BYTES (2097152 bytes): the largest message must fit; one of them needs a restart"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestBytesString(t *testing.T) {
	for b, want := range map[Bytes]string{1: "1", 1000: "1000", 64 << 10: "64KiB", 3 << 20: "3MiB", 1 << 30: "1GiB", 16<<20 + 64<<10: "16448KiB"} {
		var again Bytes
		if got := b.String(); got != want || again.UnmarshalText([]byte(got)) != nil || again != b {
			t.Errorf("%d: %q, which reads as %d; want %q", int64(b), got, int64(again), want)
		}
	}
}
