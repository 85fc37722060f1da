package hostile

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // to count rows
)

// line is what one attack did, in all its rounds.
type line struct {
	Attack   string         `json:"attack"`
	Quiet    figures        `json:"quiet"`
	During   figures        `json:"during"`
	Victim   *suffered      `json:"victim,omitempty"`
	Rows     int            `json:"session_rows"` // at the end; the most of any round
	Trouble  int            `json:"trouble"`      // honest clients that were refused, cut off or stuck
	Troubles []string       `json:"troubles,omitempty"`
	Did      map[string]int `json:"did"` // what the attack counted

	quiet, during window
	troubles      troubles
}

// adds adds a round that is over.
func (l *line) adds(did map[string]int, rows int, seen *troubles) {
	if l.Did == nil {
		l.Did = map[string]int{}
	}
	for what, n := range did {
		l.Did[what] += n
	}
	l.Rows = max(l.Rows, rows)
	l.troubles.merge(seen)
	l.Trouble, l.Troubles = l.troubles.list()
	l.Quiet, l.During = l.quiet.figures(), l.during.figures()
}

// suffers adds what a victim saw in a round.
func (l *line) suffers(s *suffered) {
	if l.Victim == nil {
		l.Victim = s
		return
	}
	for kind, n := range s.Counts {
		l.Victim.Counts[kind] += n
	}
	l.Victim.AwaySec = max(l.Victim.AwaySec, s.AwaySec)
	if l.Victim.NextMs >= 0 && (s.NextMs < 0 || s.NextMs > l.Victim.NextMs) {
		l.Victim.NextMs = s.NextMs
	}
}

const goalRatio = 1.5

var header = []string{"attack", "relay p99 ms", "ratio", "matched p99 ms", "ratio", "photo p99 ms", "mail p99 ms", "arrive p99 ms", "refused or cut", "rows", "verdict"}

func rows(lines []*line) (cells [][]string) {
	for _, l := range lines {
		relay, match := over(l.During.RelayP99, l.Quiet.RelayP99), over(l.During.MatchP99, l.Quiet.MatchP99)
		verdict := "holds"
		switch {
		case l.Trouble > 0:
			verdict = "BROKEN"
		case relay > goalRatio || match > goalRatio:
			verdict = fmt.Sprintf("slower than %.1f ×", goalRatio)
		}
		cells = append(cells, []string{
			l.Attack, beside(l.Quiet.RelayP99, l.During.RelayP99), fmt.Sprintf("%.2f", relay),
			beside(l.Quiet.MatchP99, l.During.MatchP99), fmt.Sprintf("%.2f", match),
			beside(l.Quiet.PhotoP99, l.During.PhotoP99), beside(l.Quiet.MailP99, l.During.MailP99),
			beside(l.Quiet.EnterP99, l.During.EnterP99),
			fmt.Sprint(l.Trouble), fmt.Sprint(l.Rows), verdict,
		})
	}
	return cells
}

func beside(quiet, during float64) string { return fmt.Sprintf("%.2f → %.2f", quiet, during) }

func over(during, quiet float64) float64 {
	if quiet == 0 {
		return 0
	}
	return during / quiet
}

// notes tells what each attack and its victim counted.
func notes(lines []*line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "\n%s:", l.Attack)
		for _, what := range slices.Sorted(maps.Keys(l.Did)) {
			fmt.Fprintf(&b, " %d %s,", l.Did[what], what)
		}
		if v := l.Victim; v != nil {
			fmt.Fprintf(&b, " the victim's Next took %.1f ms, it saw %.1f away and back a second,", v.NextMs, v.AwaySec)
			for _, what := range slices.Sorted(maps.Keys(v.Counts)) {
				fmt.Fprintf(&b, " %d %s,", v.Counts[what], what)
			}
		}
		for _, t := range l.Troubles {
			fmt.Fprintf(&b, " TROUBLE %s,", t)
		}
	}
	return strings.TrimRight(b.String(), ",")
}

// sessionRows returns the number of sessions in a database that a server has open.
func sessionRows(ctx context.Context, name string) (n int, err error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: name, RawQuery: "mode=ro"}).String())
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sessions").Scan(&n)
	return n, err
}
