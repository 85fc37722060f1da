// Command bench measures chatme and its peers in rounds, one after the other, and prints one table of medians and ratios
// with their goals.
//
//	bench --chatme FILE --peers DIR [--rounds 3] [--quick]
//
// It runs "chatme bench", which starts the peers too. It needs an otherwise idle machine.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	var r runner
	flag.StringVar(&r.chatme, "chatme", "", "path of the chatme binary")
	flag.StringVar(&r.peers, "peers", "", "directory of the peers' binaries")
	flag.IntVar(&r.rounds, "rounds", 3, "number of rounds")
	flag.BoolVar(&r.quick, "quick", false, "one short round, which shows that everything works, not how fast it is")
	flag.Parse()
	if r.chatme == "" || r.peers == "" || r.rounds < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := r.run(os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// The servers, in the order of the columns.
const (
	chatme  = "chatme"
	gorilla = "gorilla"
	gws     = "gws"
)

// experiment is one call of "chatme bench" for each of its servers.
type experiment struct {
	name     string
	args     []string
	brief    []string // … instead of args, with --quick
	everyone bool     // the peers too, which speak only the base protocol
	old      bool     // chatme speaks only the base protocol too
	once     bool     // in the first round only
}

var experiments = []experiment{
	{name: "relay 50", everyone: true, old: true,
		args:  []string{"relay", "--pairs", "50", "--duration", "2s"},
		brief: []string{"relay", "--pairs", "50", "--duration", "500ms"}},
	{name: "relay 500", everyone: true, old: true,
		args:  []string{"relay", "--pairs", "500", "--duration", "2s"},
		brief: []string{"relay", "--pairs", "500", "--duration", "500ms"}},
	{name: "relay 500 resumable",
		args:  []string{"relay", "--pairs", "500", "--duration", "2s"},
		brief: []string{"relay", "--pairs", "500", "--duration", "500ms"}},
	{name: "relay at a fixed rate", everyone: true, old: true,
		args:  []string{"relay", "--pairs", "500", "--rate", "5000", "--duration", "2s"},
		brief: []string{"relay", "--pairs", "500", "--rate", "2000", "--duration", "500ms"}},
	{name: "match", args: []string{"match", "--duration", "3s"}, brief: []string{"match", "--connections", "500", "--duration", "500ms"}},
	// 2,000 clients that wait 150 ms before Next make 6,000 matches a second if a search takes 16 ms on average.
	{name: "match with think time",
		args:  []string{"match", "--think", "150ms", "--duration", "3s"},
		brief: []string{"match", "--connections", "500", "--think", "150ms", "--duration", "500ms"}},
	{name: "mixed", args: []string{"mixed", "--duration", "3s"}, brief: []string{"mixed", "--connections", "200", "--duration", "500ms"}},
	{name: "connect", everyone: true, args: []string{"connect"}, brief: []string{"connect", "--connections", "1000"}},
	{name: "connect and search", everyone: true, args: []string{"connect", "--search"}, brief: []string{"connect", "--search", "--connections", "1000"}},
	{name: "idle", everyone: true,
		args:  []string{"idle", "--duration", "3s"},
		brief: []string{"idle", "--connections", "2000", "--duration", "500ms"}},
	{name: "quiet", once: true,
		args:  []string{"idle", "--duration", "60s"},
		brief: []string{"idle", "--connections", "2000", "--duration", "3s"}},
	{name: few, once: true,
		args:  []string{"grown", "--sessions", "1000"},
		brief: []string{"grown", "--sessions", "100"}},
	{name: many, once: true,
		args:  []string{"grown", "--sessions", "100000", "--waiting", "10000", "--in-chats", "40000"},
		brief: []string{"grown", "--sessions", "2000", "--waiting", "200", "--in-chats", "400"}},
	{name: asleep, once: true,
		args:  []string{"grown", "--sessions", "1000000"},
		brief: []string{"grown", "--sessions", "5000"}},
	{name: "herd", args: []string{"herd"}, brief: []string{"herd", "--connections", "500"}},
}

// The experiments with databases of different sizes, which compareSizes compares.
const (
	few    = "1,000 sessions"
	many   = "100,000 sessions"
	asleep = "1,000,000 hibernated"
)

// compareSizes adds to the results of the large databases how they differ from those of the small one.
func (taken figures) compareSizes() {
	number := func(experiment, member string) float64 {
		for _, f := range taken[experiment][chatme] {
			n, _ := f[member].(float64)
			return n
		}
		return math.NaN()
	}
	for _, f := range taken[many][chatme] {
		f["auth_ratio"] = number(many, "cpu_us_per_auth") / number(few, "cpu_us_per_auth")
	}
	for _, f := range taken[asleep][chatme] {
		f["rss_more"] = number(asleep, "rss") - number(few, "rss")
	}
}

// figure is one result line of "chatme bench".
type figure map[string]any

// figures are the results by experiment and server, in the order of the rounds.
type figures map[string]map[string][]figure

type runner struct {
	chatme, peers string
	rounds        int
	quick         bool
}

func (r *runner) run(stdout, stderr io.Writer) error {
	if r.quick {
		r.rounds = 1
	}
	began, taken := time.Now(), figures{}
	for round := range r.rounds {
		for _, e := range experiments {
			if e.once && round > 0 {
				continue
			}
			if taken[e.name] == nil {
				taken[e.name] = map[string][]figure{}
			}
			for _, server := range e.servers(round) {
				fmt.Fprintf(stderr, "round %d of %d: %s, %s\n", round+1, r.rounds, e.name, server)
				f, err := r.take(e, server)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", e.name, server, err)
				}
				taken[e.name][server] = append(taken[e.name][server], f)
			}
		}
	}
	fmt.Fprintf(stderr, "%d rounds in %s\n", r.rounds, time.Since(began).Round(time.Second))
	taken.compareSizes()
	return taken.print(stdout, !r.quick)
}

// servers returns the servers that take part, in an order that rotates with the rounds.
func (e *experiment) servers(round int) []string {
	if !e.everyone {
		return []string{chatme}
	}
	all := []string{chatme, gorilla, gws}
	first := round % len(all)
	return append(all[first:len(all):len(all)], all[:first]...)
}

// take starts a fresh server and takes one measurement.
func (r *runner) take(e experiment, server string) (figure, error) {
	args := e.args
	if r.quick {
		args = e.brief
	}
	args = append([]string{"bench"}, args...)
	if server != chatme {
		args = append(args, "--old", "--exec", filepath.Join(r.peers, server)+" {addr}")
	} else if e.old {
		args = append(args, "--old")
	}
	var stderr bytes.Buffer
	cmd := exec.Command(r.chatme, args...)
	cmd.Stderr = &stderr
	line, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	f := figure{}
	return f, json.Unmarshal(line, &f)
}
