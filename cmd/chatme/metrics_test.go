package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/metrics"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// fetch returns the answer to a GET, which must be 200.
func fetch(t *testing.T, url string) *http.Response {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, answer.Status)
	}
	return answer
}

// lasting returns the metrics that stay the same between two readings of an idle server.
func lasting(f metrics.Values) map[string]float64 {
	kept := map[string]float64{}
	for name, value := range f {
		if strings.HasPrefix(name, "chatme_") && name != "chatme_disk_free_bytes" {
			kept[name] = value
		}
	}
	return kept
}

// status, the dashboard, the admin socket and a scraper show the same metrics, and the values are correct.
func TestMetricsAreTheSameEverywhere(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + inside.WebTestKey}, "--metrics-addr", "127.0.0.1:0")
	scraper := "http://" + s.Logged("listening for a scraper", 1)["addr"].(string)
	here := play(t, s)
	socket := admin.NewClient(s.DB + ".sock")
	var direct *admin.Status
	testbed.Eventually(t, "the ends of sockets are counted", func() bool {
		var err error
		if direct, err = socket.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		return direct.Metrics["chatme_sockets"] == 2 && direct.Metrics[`chatme_sessions{state="waiting"}`] == 1
	})
	for name, want := range map[string]float64{
		`chatme_upgrades_total{result="accepted"}`: 5,
		`chatme_http_requests_total{code="200"}`:   1,
		`chatme_messages_received_total`:           6,
		`chatme_messages_delivered_total`:          5,
		`chatme_matches_total`:                     1,
		`chatme_errors_total{code="invalid_key"}`:  1,
		`chatme_errors_total{code="not_matched"}`:  1,
		`chatme_closes_total{code="4001"}`:         1,
		`chatme_sessions{state="idle"}`:            1,
		`chatme_sessions{state="waiting"}`:         1,
		`chatme_sessions{state="matched"}`:         0,
		`chatme_relay_seconds_count`:               5,
		`chatme_match_wait_seconds_count`:          2,
		`chatme_resume_seconds_count`:              1,
		`chatme_table_rows{table="boots"}`:         1,
	} {
		if got, ok := direct.Metrics[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if l := direct.Latency[metrics.RelaySeconds]; l.P50 == nil || *l.P50 <= 0 || *l.P50 > 5 {
		t.Errorf("relay takes %v", l.P50)
	}
	want := lasting(direct.Metrics)
	for place, got := range map[string]metrics.Values{
		"a scraper":     scraped(t, scraper),
		"chatme status": statusOf(t, s),
		"the dashboard": dashboardOf(t, s),
	} {
		if got := lasting(got); !maps.Equal(got, want) {
			t.Errorf("%s differs:\n got %v\nwant %v", place, got, want)
		}
	}
	for _, c := range here {
		c.Drop()
	}
}

// L10: reading the metrics and lists commits nothing, however often.
func TestL10LookingCommitsNothing(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + inside.WebTestKey})
	play(t, s)
	look, err := sql.Open("sqlite", "file:"+s.DB+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	conn, err := look.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	state := func() (version int64, wal int64) {
		if err := conn.QueryRowContext(t.Context(), `PRAGMA data_version`).Scan(&version); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(s.DB + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return version, info.Size()
	}
	version, wal := state()
	socket := admin.NewClient(s.DB + ".sock")
	for range 50 {
		if _, err := socket.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/history", "/sessions", "/queue", "/pairs"} {
			if err := socket.Get(t.Context(), path, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if v, w := state(); v != version || w != wal {
		t.Errorf("version %d → %d, WAL %d → %d bytes: something was committed", version, v, wal, w)
	}
}

// Every metric is in the docs, and the docs name no others.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bchatme_[a-z_]+`).FindAllString(string(text), -1) {
		said[name] = true
	}
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + inside.WebTestKey})
	play(t, s)
	answer, err := admin.NewClient(s.DB+".sock").Do(t.Context(), http.MethodGet, "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	served, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	is := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (chatme_[a-z_]+) `).FindAllStringSubmatch(string(served), -1) {
		is[found[1]] = true
	}
	if got, want := slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(is)); !slices.Equal(got, want) {
		t.Errorf("the docs name\n%q, and the server serves\n%q", got, want)
	}
}

// play matches two clients that chat, one of which leaves and resumes, and sends a wrong key and a request that is not an
// upgrade. It returns the clients that stay: one waits, one is idle.
func play(t *testing.T, s *inside.Served) []*client.Client {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	meet := func() *client.Client {
		c, err := s.Dial(inside.WebTestKey, false)
		check(err)
		return c
	}
	expect := func(c *client.Client, kind string) {
		t.Helper()
		_, err := c.Expect(testbed.Step(t), kind)
		check(err)
	}
	a, b := meet(), meet()
	check(a.Search())
	expect(a, "searching")
	check(b.Search())
	expect(b, "searching")
	expect(a, "matched")
	expect(b, "matched")
	for range 4 {
		_, err := a.Send("hello")
		check(err)
		expect(b, "message")
	}
	if _, err := s.Dial("a-wrong-key-of-nobody", false); err == nil {
		t.Fatal("a wrong key was accepted")
	}
	fetch(t, "http://"+s.Addr+"/healthz")

	again := a.Resume()
	a.Drop()
	expect(b, "partner_away")
	a, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, again)
	check(err)
	t.Cleanup(a.Drop)
	_, err = a.Greet(testbed.Step(t))
	check(err)
	expect(b, "partner_back")
	_, err = b.Send("welcome")
	check(err)
	expect(a, "message")
	check(a.End())
	expect(a, "chat_ended")
	expect(b, "partner_disconnected")
	c := meet()
	_, err = c.Send("to nobody")
	check(err)
	expect(c, "error")
	return []*client.Client{b, c}
}

func scraped(t *testing.T, url string) metrics.Values {
	f, err := metrics.Parse(fetch(t, url+"/metrics").Body)
	if err != nil {
		t.Fatal(err)
	}
	return f.WithoutBuckets()
}

func statusOf(t *testing.T, s *inside.Served) metrics.Values {
	out, errs := &testbed.Record{}, &testbed.Record{}
	if code := cli.Run(t.Context(), &Commands{}, []string{"status", "--json", "--db", s.DB}, nil, out, errs); code != exit.OK {
		t.Fatalf("status: %d, %s", code, errs)
	}
	var found admin.Status
	if err := json.Unmarshal([]byte(out.String()), &found); err != nil {
		t.Fatal(err)
	}
	return found.Metrics
}

// dashboardOf runs the dashboard as an operator does, and returns the data of its page.
func dashboardOf(t *testing.T, s *inside.Served) metrics.Values {
	ctx, stop := context.WithCancel(t.Context())
	out, ended := &testbed.Record{}, make(chan int, 1)
	go func() { ended <- cli.Run(ctx, &Commands{}, []string{"dashboard", "--db", s.DB}, nil, out, out) }()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/[a-z0-9]{26}/`)
	testbed.Eventually(t, "the dashboard says where it is", func() bool { return address.MatchString(out.String()) })
	page := address.FindString(out.String())
	var found admin.Status
	if err := json.NewDecoder(fetch(t, page+"data/status").Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	var points []metrics.Point
	if err := json.NewDecoder(fetch(t, page+"data/history").Body).Decode(&points); err != nil || points == nil {
		t.Errorf("history: %v, %v", points, err)
	}
	stop()
	if code := <-ended; code != exit.OK {
		t.Errorf("the dashboard ends with %d:\n%s", code, out)
	}
	return found.Metrics
}
