package hostile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"chatme/internal/cli"
	"chatme/internal/pace"
	"chatme/internal/spawn"
)

// botsCmd measures how long people look for people beside bots.
type botsCmd struct {
	serverFlags
	People int           `default:"20" help:"Number of honest clients, each with an address of its own (clients)."`
	Alone  time.Duration `default:"40s" help:"How long people are measured without bots, after a chat's time to settle (duration)."`
	Learn  time.Duration `default:"30s" help:"How long bots are there before people are measured again (duration)."`
	Beside time.Duration `default:"50s" help:"How long people are measured beside bots (duration)."`
	Stay   time.Duration `default:"22s" help:"The shortest chat of two people; the longest is a quarter longer (duration)."`
	JSON   bool          `name:"json" help:"Print one JSON object."`
}

// Help returns the detailed help.
func (c *botsCmd) Help() string {
	return `People look for a partner, greet, stay when a person answers, and press Next when the partner does not. Then 200 bots
that press Next at once come from one address. It counts the matches that people need until they meet a person, and how long
that takes. One that still looks at the end counts with what it has waited and met so far.

Example: chatme hostile bots --set CHATME_LOW_PRIORITY=on`
}

// Validate checks the flags.
func (c *botsCmd) Validate() error {
	if c.People < 2 || c.Alone <= 0 || c.Learn < 0 || c.Beside <= 0 || c.Stay <= 0 {
		return errors.New("--people, --alone, --beside and --stay: must be above 0, and people above 1")
	}
	return c.serverFlags.Validate()
}

// Run measures and prints the result.
func (c *botsCmd) Run(p *cli.Program) error {
	own, _, err := spawn.OwnBinary()
	if err != nil {
		return err
	}
	r, err := c.measure(p.Ctx, own, p.Stderr)
	switch {
	case err != nil:
		return err
	case c.JSON:
		err = cli.PrintJSON(p.Stdout, r)
	default:
		cells := [][]string{r.Alone.cells("without bots"), r.Beside.cells("with bots")}
		err = p.Table(searchHeader, cells, fmt.Sprintf("\nmean wait: %.2f × that without bots; bots: %v %v", r.WaitRatio, r.Did, r.Troubles))
	}
	if err == nil && r.Trouble > 0 {
		err = errors.New("honest clients were refused, cut off or stuck")
	}
	return err
}

// botsResult is what people met.
type botsResult struct {
	Alone     searchFigures  `json:"alone"`
	Beside    searchFigures  `json:"beside"`
	WaitRatio float64        `json:"wait_ratio"` // of the means
	Trouble   int            `json:"trouble"`
	Troubles  []string       `json:"troubles,omitempty"`
	Did       map[string]int `json:"did"`
}

func (c *botsCmd) measure(ctx context.Context, own string, say io.Writer) (r *botsResult, err error) {
	s, err := c.start(ctx, own)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop(say)) }()
	p := newPeople(ctx, s)
	defer p.leave()
	crowd := &seekers{people: p, stay: c.Stay}
	for range c.People {
		if err := crowd.arrives(); err != nil {
			return nil, err
		}
	}
	pace.Pause(ctx, 5*c.Stay/4+time.Second) // until no chat began at the start
	r = &botsResult{}
	crowd.begin()
	pace.Pause(ctx, c.Alone)
	r.Alone = crowd.end()
	bots, err := s.attack(ctx, "bots")
	if err != nil {
		return nil, err
	}
	pace.Pause(ctx, c.Learn)
	crowd.begin()
	pace.Pause(ctx, c.Beside)
	r.Beside = crowd.end()
	if r.Did, err = bots.stop(); err != nil {
		return nil, err
	}
	p.leave()
	r.WaitRatio = over(r.Beside.Mean, r.Alone.Mean)
	r.Trouble, r.Troubles = p.troubles.list()
	return r, ctx.Err()
}
