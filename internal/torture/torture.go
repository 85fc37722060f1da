// Package torture implements the command that kills a server repeatedly under load and checks that it kept its
// promises.
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
	Kills      int           `default:"50" help:"How many times to kill the server with SIGKILL (kills)."`
	Clients    int           `default:"200" help:"Number of concurrent clients; one in four is a legacy client (clients)."`
	Seed       uint64        `default:"0" help:"Seed for the clients' actions and the times of the kills; 0 uses the clock."`
	Duration   time.Duration `default:"0" help:"With --url: how long the clients work (default: 30s). Otherwise: the time limit for all kills; the run fails if they do not fit (default: 1m plus 5s per kill, or 15s per kill with --litestream) (duration)."`
	URL        string        `name:"url" placeholder:"URL" help:"Check the server at this ws:// or http:// URL instead of starting one. It is not killed. It must have no other clients during the run."`
	Faults     []string      `default:"stop,lock,slow,photo,latency,ghost,haste,hibernate" help:"Faults to inject besides kills: the server is paused (stop) or its database is locked (lock); some clients read slowly (slow), send photos (photo), use slow links (latency), open a second socket or vanish without closing (ghost), keep sending after Next (haste), or idle until the server hibernates them (hibernate). Use none for no faults. With --url, only slow, photo, ghost and haste apply."`
	APIKey     string        `name:"api-key" placeholder:"KEY" help:"With --url: the API key to authenticate with."`
	Litestream string        `name:"litestream" placeholder:"PROGRAM" help:"Replicate the database with this Litestream program. Each round kills it with the server, restores the replica and continues from it."`
	Env        []string      `kong:"-"` // for the server, in addition to its key
	Keep       bool          `help:"Keep the scratch directory with the database, the log and the full history, and print its path."`
}

// Help returns the text shown with the flags.
func (c *Cmd) Help() string {
	return `Runs hundreds of clients that chat, press Next, disconnect, reconnect and end their chats, while it kills and restarts
the server. Then it checks everything the clients saw, and the database, for broken promises. It starts its own server
on loopback with a scratch database, and touches no other process.

The last line is one JSON object. The exit code is 1 if a promise was broken; the evidence is printed before that line.
It is also 1 if no kill met unacknowledged work, or if no message was held for a disconnected client.

Example: chatme torture --kills 50 --clients 200 --seed 7`
}

// Validate reports the first invalid flag.
func (c *Cmd) Validate() error {
	switch {
	case c.Clients < 2:
		return errors.New("--clients must be at least 2: a chat needs two clients")
	case c.Kills < 0 || c.Duration < 0:
		return errors.New("--kills and --duration must not be negative")
	case c.URL == "" && c.Kills == 0:
		return errors.New("--kills must be at least 1; use --url to check a server without killing it")
	case c.URL == "" && c.APIKey != "":
		return errors.New("--api-key needs --url")
	case c.URL != "" && c.Litestream != "":
		return errors.New("--litestream and --url exclude each other: the server at --url is not killed")
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
	Resuming     int             `json:"resuming"` // kills while a reconnected client was waiting for an answer
	Operations   int             `json:"operations"`
	Chats        int             `json:"chats"`
	Expired      int             `json:"expired"` // chats that ended because a client stayed away too long
	Sent         int             `json:"sent"`
	Acknowledged int             `json:"acknowledged"`
	Received     int             `json:"received"`
	Held         int             `json:"held"`  // messages that arrived after they were held for a disconnected client
	Tails        int             `json:"tails"` // … and after the end of their chat
	Full         int             `json:"full"`  // refusals because a mailbox was full
	Lost         int             `json:"lost"`
	Doubled      int             `json:"doubled"`
	Misdelivered int             `json:"misdelivered"`
	Overtaken    int             `json:"overtaken"`
	Stops        int             `json:"stops"`      // how often the server was paused
	Locks        int             `json:"locks"`      // how often its database was locked
	Slow         int             `json:"slow"`       // clients that read slowly
	Proxied      int             `json:"proxied"`    // clients behind a slow link
	Photos       int64           `json:"photos"`     // messages sent with a photo
	Ghosts       int64           `json:"ghosts"`     // sockets left open by clients that reconnected on another one
	Hibernated   int64           `json:"hibernated"` // sessions hibernated
	Unjudged     int             `json:"unjudged"`   // ends and acknowledgements in chats with only one side known
	Stalled      float64         `json:"stalled"`    // longest stall of the client process, in seconds
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
		return errors.New("promises were broken; see the evidence above")
	case t.figures != nil && t.figures.Bad > 0:
		return fmt.Errorf("%d of %d restores were bad", t.figures.Bad, r.Kills)
	case r.Heard == 0:
		return errors.New("the run is inconclusive: no message was received")
	case c.URL == "" && r.Landed == 0:
		return errors.New("the run is inconclusive: no kill met unacknowledged work")
	case c.URL == "" && r.Held == 0:
		return errors.New("the run is inconclusive: no message was held for a disconnected client")
	case c.URL == "" && r.Kills < c.Kills:
		return fmt.Errorf("only %d of %d kills fit into --duration", r.Kills, c.Kills)
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
