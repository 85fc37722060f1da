package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/metrics"
)

// askTimeout is how long the server may take to answer a command.
const askTimeout = 10 * time.Second

type StatusCmd struct {
	cli.Place
	JSON bool `name:"json" help:"Print one JSON object with every metric by its name in /metrics."`
}

// Help returns the text after the flags.
func (StatusCmd) Help() string {
	return `Asks the running server over its admin socket, once, and prints the same metrics that /metrics and the dashboard show.
Counters and latencies count from the server's start; latencies are estimated from a histogram.

Example: chatme status --db /var/lib/chatme/chatme.db

Example: chatme status --json | jq '.figures["chatme_matches_total"]'`
}

// Run asks the server and prints the answer.
func (c *StatusCmd) Run(p *cli.Program) error {
	server, err := p.Admin(c.Place)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.Ctx, askTimeout)
	defer cancel()
	s, err := server.Status(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Stdout).Encode(s)
	}
	return writeStatus(p.Stdout, s, time.Now())
}

// statusTable collects groups of lines in two columns, or more where a line has more values.
type statusTable struct{ strings.Builder }

func (t *statusTable) group(name string, columns ...string) {
	if t.Len() > 0 {
		t.WriteByte('\n')
	}
	t.row(fmt.Sprintf("%-32s", name), columns)
}

func (t *statusTable) line(label string, values ...string) {
	t.row(fmt.Sprintf("  %-30s", label), values)
}

func (t *statusTable) row(head string, values []string) {
	line := head
	for _, v := range values {
		line += fmt.Sprintf("%-10s", v)
	}
	t.WriteString(strings.TrimRight(line, " ") + "\n")
}

// writeStatus prints s as a table.
func writeStatus(w io.Writer, s *admin.Status, now time.Time) error {
	t := &statusTable{}
	t.server(s, now)
	t.sessions(s.Metrics)
	t.networks(s)
	t.traffic(s.Metrics)
	t.latency(s)
	t.storage(s.Metrics)
	_, err := io.WriteString(w, t.String())
	return err
}

func (t *statusTable) server(s *admin.Status, now time.Time) {
	f := s.Metrics
	t.group("SERVER")
	if s.Ready {
		t.line("ready", "yes")
	} else {
		t.line("ready", "no: "+s.Reason)
	}
	for name := range f {
		if label, ok := strings.CutPrefix(name, "chatme_build_info{"); ok {
			t.line("build", strings.NewReplacer(`="`, " ", `",`, ", ", `"}`, "").Replace(label))
		}
	}
	if s.About != nil {
		for _, l := range s.About.Listening {
			t.line("listening on", listenerText(l))
		}
	}
	up := now.Sub(time.Unix(int64(f["process_start_time_seconds"]), 0))
	t.line("running for", up.Round(time.Second).String())
	t.line("CPU time", seconds(f["process_cpu_seconds_total"]))
	t.line("memory", bytesText(f["process_resident_memory_bytes"]))
	t.line("goroutines", count(f["go_goroutines"]))
	t.line("garbage collections", count(f["go_gc_duration_seconds_count"]))
}

func (t *statusTable) sessions(f metrics.Values) {
	t.group("SESSIONS")
	states := f.Labelled("chatme_sessions")
	for _, state := range []string{"unauthenticated", "idle", "waiting", "matched", "away"} {
		t.line(state, count(states[state]))
	}
	t.line("sockets", fmt.Sprintf("%s, %s of them parked", count(f["chatme_sockets"]), count(f["chatme_sockets_parked"])))
}

func (t *statusTable) networks(s *admin.Status) {
	if s.Networks == nil {
		return
	}
	f, n := s.Metrics, s.Networks
	t.group("NETWORKS")
	t.line("with sockets", count(f["chatme_networks"]))
	for _, each := range n.Networks {
		text := fmt.Sprintf("%s, %s of the sockets", each.Network, percent(each.Share))
		if each.Waiting > 0 {
			text += fmt.Sprintf(", %d waiting", each.Waiting)
		}
		if each.Standing > 0 {
			text += fmt.Sprintf(", %d standing out", each.Standing)
		}
		t.line("largest", text)
	}
	t.line("sockets waiting at a rate", count(f["chatme_sockets_delayed"]))
	t.line("waits at rates since start", labelled(f, "chatme_rate_waits_total"))
	t.line("standing", standingText(n))
	t.line("sessions that stand out", count(f["chatme_low_priority_sessions"]))
	t.line("matches between the pools", count(f["chatme_matches_between_pools_total"]))
}

func (t *statusTable) traffic(f metrics.Values) {
	t.group("TRAFFIC SINCE START")
	t.line("HTTP requests", labelled(f, "chatme_http_requests_total"))
	t.line("upgrades", labelled(f, "chatme_upgrades_total"))
	t.line("messages received", count(f["chatme_messages_received_total"]))
	t.line("messages relayed at once", count(f["chatme_messages_delivered_total"]))
	t.line("messages held in mailboxes", count(f["chatme_messages_held_total"]))
	t.line("matches", count(f["chatme_matches_total"]))
	t.line("errors sent", labelled(f, "chatme_errors_total"))
	t.line("sockets closed, by code", labelled(f, "chatme_closes_total"))
}

func (t *statusTable) latency(s *admin.Status) {
	f := s.Metrics
	t.group("LATENCY SINCE START", "P50", "P95", "P99", "COUNT")
	for _, h := range []struct{ label, name string }{
		{"relay, frame in to frame out", metrics.RelaySeconds}, {"wait for a match", metrics.MatchWaitSeconds},
		{"commit", metrics.CommitSeconds}, {"resume", metrics.ResumeSeconds},
	} {
		l := s.Latency[h.name]
		t.line(h.label, latencyText(l.P50), latencyText(l.P95), latencyText(l.P99), count(f[h.name+"_count"]))
	}
	t.line("failed commits, retried", count(f["chatme_commit_failures_total"]))
}

func (t *statusTable) storage(f metrics.Values) {
	t.group("STORAGE")
	t.line("database", bytesText(f["chatme_database_bytes"]))
	t.line("of which free pages", bytesText(f["chatme_freelist_bytes"]))
	t.line("write-ahead log", bytesText(f["chatme_wal_bytes"]))
	t.line("mailboxes", bytesText(f["chatme_mailbox_bytes"]))
	t.line("free disk space", bytesText(f["chatme_disk_free_bytes"]))
	t.line("rows", labelled(f, "chatme_table_rows"))
}

// listenerText formats an address with its properties.
func listenerText(l admin.Listener) string {
	text := l.Addr
	if l.TLS {
		text += ", with TLS"
	}
	if l.Inherited {
		text += ", held by systemd"
	}
	return text
}

func count(v float64) string { return fmt.Sprintf("%.0f", v) }

func seconds(v float64) string {
	return time.Duration(v * float64(time.Second)).Round(10 * time.Millisecond).String()
}

// latencyText formats a span in seconds to two or three digits; - if there is none.
func latencyText(v *float64) string {
	if v == nil {
		return "-"
	}
	d := time.Duration(*v * float64(time.Second))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// bytesText formats a size for people.
func bytesText(v float64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB"} {
		if v < 1024 {
			if unit == "bytes" {
				return fmt.Sprintf("%.0f bytes", v)
			}
			return fmt.Sprintf("%.1f %s", v, unit)
		}
		v /= 1024
	}
	return fmt.Sprintf("%.1f GiB", v)
}

// labelled formats the sum of a family with one label, and its parts: "3 (2 accepted, 1 origin)".
func labelled(f metrics.Values, family string) string {
	values := f.Labelled(family)
	sum, parts := 0.0, []string(nil)
	for _, label := range slices.Sorted(maps.Keys(values)) {
		if v := values[label]; v != 0 {
			sum += v
			parts = append(parts, count(v)+" "+label)
		}
	}
	if parts == nil {
		return "0"
	}
	return fmt.Sprintf("%s (%s)", count(sum), strings.Join(parts, ", "))
}
