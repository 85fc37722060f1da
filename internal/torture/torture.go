// Package torture is the command that kills a server again and again under load, and judges whether it kept its promises.
package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"chatme/internal/cli"
	"chatme/internal/spawn"
	"chatme/internal/torture/checker"
)

type Cmd struct {
	Kills      int           `default:"50" help:"How often the server is killed with SIGKILL (kills)."`
	Clients    int           `default:"200" help:"Clients at one time, one in four of them an old one (clients)."`
	Seed       uint64        `default:"0" help:"Of what the clients do and when the server is killed; 0 takes one from the clock."`
	Duration   time.Duration `default:"0" help:"With --url: how long clients are at work (default: 30s). Otherwise: no more kills after this long, which fails the run (default: 5s a kill, 15s with --litestream, and a minute) (duration)."`
	URL        string        `name:"url" placeholder:"URL" help:"Check the server at this address, ws:// or http://, instead of an own one. It is not killed. Nobody else may use it meanwhile."`
	Faults     []string      `default:"stop,lock,slow,photo,latency,ghost,haste,hibernate" help:"Faults besides the kills: the server stands still (stop) or its database is locked (lock); some clients read slowly (slow), send photos (photo), sit behind slow links (latency), open a second socket or vanish without closing (ghost), write on after Next (haste), or idle until they are hibernated (hibernate). Or none. With --url only slow, photo, ghost and haste."`
	APIKey     string        `name:"api-key" placeholder:"KEY" help:"With --url: the key to authenticate with."`
	Litestream string        `name:"litestream" placeholder:"PROGRAM" help:"Replicate with this program, kill it together with the server, and go on from the replica each time, put back by restore."`
	Env        []string      `kong:"-"` // of the server that is started, besides its key
	Keep       bool          `help:"Keep the scratch directory with the database, the log and the whole history, and say where it is."`
}

// Help is the text behind the flags.
func (c *Cmd) Help() string {
	return `Hundreds of clients chat, press Next, go away, come back and end, while the server is killed and started
again; then the history of all that they saw is judged, and what is left in its database. The server is started by this command, on loopback and with a
scratch database, and no other process is touched.

The last line is one JSON object. The exit code is 1 if a promise was broken, with what shows it printed before that
line, or if no kill met unacknowledged work or no message was held for somebody who was away.

Example: chatme torture --kills 50 --clients 200 --seed 7`
}

// Validate says what is wrong with the flags.
func (c *Cmd) Validate() error {
	switch {
	case c.Clients < 2:
		return errors.New("--clients: at least 2, to have a chat")
	case c.Kills < 0 || c.Duration < 0:
		return errors.New("--kills and --duration: not below 0")
	case c.URL == "" && c.Kills == 0:
		return errors.New("--kills: at least 1; a server that is not killed is what --url checks")
	case c.URL == "" && c.APIKey != "":
		return errors.New("--api-key goes with --url")
	case c.URL != "" && c.Litestream != "":
		return errors.New("--litestream: the server at --url is not killed")
	case c.URL != "" && c.APIKey == "":
		return errors.New("--url needs --api-key")
	}
	return checkFaults(c.Faults, allFaults)
}

// tortureLine is the last line on stdout.
type tortureLine struct {
	Binary       string          `json:"binary"` // SHA-256 of this executable
	Seed         uint64          `json:"seed"`
	Clients      int             `json:"clients"`
	Kills        int             `json:"kills"`
	Landed       int             `json:"landed"`   // kills while something was sent and not acknowledged
	Resuming     int             `json:"resuming"` // kills while somebody who had come back had no answer
	Operations   int             `json:"operations"`
	Chats        int             `json:"chats"`
	Expired      int             `json:"expired"` // chats that ended because somebody stayed away
	Sent         int             `json:"sent"`
	Acknowledged int             `json:"acknowledged"`
	Received     int             `json:"received"`
	Held         int             `json:"held"`  // messages that arrived after they were held for one who was away
	Tails        int             `json:"tails"` // … and after the end of their chat
	Full         int             `json:"full"`  // refusals because a mailbox was full
	Lost         int             `json:"lost"`
	Doubled      int             `json:"doubled"`
	Misdelivered int             `json:"misdelivered"`
	Overtaken    int             `json:"overtaken"`
	Stops        int             `json:"stops"`      // how often the server stood still
	Locks        int             `json:"locks"`      // … and its database was locked
	Slow         int             `json:"slow"`       // clients that read slowly
	Proxied      int             `json:"proxied"`    // clients behind a slow link
	Photos       int64           `json:"photos"`     // messages sent with one
	Ghosts       int64           `json:"ghosts"`     // sockets left open by who came back on another
	Hibernated   int64           `json:"hibernated"` // sessions put to rest
	Unjudged     int             `json:"unjudged"`   // ends and acknowledgements of chats of which one side only is known
	Stalled      float64         `json:"stalled"`    // seconds: the longest that the clients' process stood still
	Violations   map[string]int  `json:"violations"`
	Restored     *restoreFigures `json:"restored,omitempty"` // with --litestream
	Seconds      float64         `json:"seconds"`
}

// Run tortures a server and prints the verdict.
func (c *Cmd) Run(p *cli.Program) error {
	began := time.Now()
	if c.Seed == 0 {
		c.Seed = uint64(began.UnixNano())
	}
	binary, hash, err := spawn.OwnBinary()
	if err != nil {
		return err
	}
	t := newTorture(c, p.Stderr)
	switch {
	case c.URL != "":
		err = t.visit(p.Ctx)
	case c.Litestream != "":
		err = t.runServer(p.Ctx, binary, t.restoreAll, p.Stdout)
	default:
		err = t.runServer(p.Ctx, binary, t.killAll, p.Stdout)
	}
	if err != nil {
		return err
	}
	r := t.judge()
	for i := range r.Violations {
		fmt.Fprintf(p.Stdout, "%s\n", &r.Violations[i])
	}
	if t.figures != nil {
		t.figures.Undone = r.Undone
	}
	if err := c.print(p.Stdout, r, t, hash, time.Since(began)); err != nil {
		return err
	}
	switch {
	case len(r.Violations) > 0:
		return errors.New("promises were broken; what shows it is printed above")
	case t.figures != nil && t.figures.Bad > 0:
		return fmt.Errorf("%d of %d restores were bad", t.figures.Bad, r.Kills)
	case r.Heard == 0:
		return errors.New("nothing was received; this run shows nothing")
	case c.URL == "" && r.Landed == 0:
		return errors.New("no kill met unacknowledged work; this run shows nothing")
	case c.URL == "" && r.Held == 0:
		return errors.New("no message was held for anybody; this run shows nothing")
	case c.URL == "" && r.Kills < c.Kills:
		return fmt.Errorf("%d of %d kills fit into --duration", r.Kills, c.Kills)
	}
	return nil
}

func (c *Cmd) print(w io.Writer, r *checker.Result, t *torture, hash string, took time.Duration) error {
	line, err := json.Marshal(tortureLine{
		Binary: hash, Seed: c.Seed, Clients: c.Clients, Kills: r.Kills, Landed: r.Landed, Resuming: r.Resuming,
		Operations: r.Operations, Chats: r.Chats, Expired: r.Expired,
		Sent: r.Sent, Acknowledged: r.Acknowledged, Received: r.Heard, Held: r.Held, Tails: r.Tails, Full: r.Full,
		Lost: r.Counts["D4"] + r.Counts["D5"], Doubled: r.Counts["D2"], Misdelivered: r.Counts["D1"], Overtaken: r.Counts["D3"],
		Stops: t.stops, Locks: t.locks, Slow: t.slow, Proxied: t.proxied, Photos: t.photos.Load(), Ghosts: t.ghosts.Load(), Hibernated: t.hibernated.Load(),
		Unjudged: r.Unjudged, Violations: r.Counts, Restored: t.figures, Stalled: t.stalled.Round(time.Millisecond).Seconds(), Seconds: took.Round(time.Millisecond).Seconds(),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}
