package load

import (
	"context"
	"time"
)

const (
	// cleanUp is how long a server may clean up after the last connection before the quiet time is measured.
	cleanUp = 2 * time.Second
	// herdDialers is below the usual backlog of a listener (net.core.somaxconn is 4096): beyond it the kernel drops a
	// dial, and the client retries after a second.
	herdDialers = 4000
)

type connectLine struct {
	benchHead
	Connections int     `json:"connections"`
	Dialers     int     `json:"dialers"`
	Searched    bool    `json:"searched"` // each client was told that it is searching
	Seconds     float64 `json:"seconds"`
	PerSecond   float64 `json:"connects_per_second"`
	P50         int64   `json:"p50_us"`
	P99         int64   `json:"p99_us"`
	spent
	CPUPer1000 *float64 `json:"cpu_s_per_1000,omitempty"`
}

// connect measures how fast clients arrive. They stay, so that the result includes no disconnect.
func (b *bench) connect(ctx context.Context) (*connectLine, error) {
	_, line, err := b.arrival(ctx, b.people(connectPeople), b.cmd.Search)
	return line, err
}

// arrival connects n clients, which also search if search is set, and measures it.
func (b *bench) arrival(ctx context.Context, n int, search bool) ([]*Conn, *connectLine, error) {
	conns, h := People(n, b.cmd.Old), &Histogram{}
	before, err := b.target.usage()
	if err != nil {
		return nil, nil, err
	}
	began := b.loop.now()
	arrive := b.loop.Arrive
	if search {
		arrive = b.loop.ArriveSearching
	}
	if err := arrive(ctx, conns, b.cmd.Dialers, h); err != nil {
		return nil, nil, err
	}
	took := time.Duration(b.loop.now() - began).Seconds()
	used, err := b.target.spent(before)
	return conns, &connectLine{
		benchHead: b.head, Connections: n, Dialers: b.cmd.Dialers, Searched: search, Seconds: rounded(took), PerSecond: rounded(float64(n) / took),
		P50: h.us(0.5), P99: h.us(0.99), spent: used, CPUPer1000: used.per(1000, float64(n)),
	}, err
}

type idleLine struct {
	benchHead
	Connections int     `json:"connections"`
	PerSecond   float64 `json:"connects_per_second"`
	RSSBefore   *int64  `json:"rss_before,omitempty"` // bytes, also those below
	RSSAfter    *int64  `json:"rss_after,omitempty"`
	RSSEach     *int64  `json:"rss_per_connection,omitempty"`
	Quiet       float64 `json:"quiet_s"`
	spent
	CPUPerMinute *float64 `json:"cpu_s_per_minute,omitempty"`
}

// idle measures the cost of idle clients.
func (b *bench) idle(ctx context.Context) (*idleLine, error) {
	before, err := b.target.memory()
	if err != nil {
		return nil, err
	}
	n := b.people(idlePeople)
	_, arrived, err := b.arrival(ctx, n, false)
	if err != nil {
		return nil, err
	}
	if err := b.loop.runFor(ctx, cleanUp); err != nil {
		return nil, err
	}
	took, used, err := b.measures(ctx, func() {})
	if err != nil {
		return nil, err
	}
	after, err := b.target.memory()
	line := &idleLine{
		benchHead: b.head, Connections: n, PerSecond: arrived.PerSecond, Quiet: rounded(took), spent: used, CPUPerMinute: used.per(60, took),
	}
	if b.target.pid != 0 {
		each := (after - before) / int64(n)
		line.RSSBefore, line.RSSAfter, line.RSSEach = &before, &after, &each
	}
	return line, err
}

type herdLine struct {
	benchHead
	Connections int     `json:"connections"`
	Seconds     float64 `json:"seconds"`
	PerSecond   float64 `json:"resumes_per_second"`
	P50         int64   `json:"p50_us"`
	P99         int64   `json:"p99_us"`
	spent
}

// herd measures how long it takes until all clients whose sockets were cut at once are back, in their chats.
func (b *bench) herd(ctx context.Context) (*herdLine, error) {
	n := b.people(herdPeople)
	conns, _, err := b.arrival(ctx, n, true)
	if err != nil {
		return nil, err
	}
	if err := b.loop.runFor(ctx, cleanUp); err != nil {
		return nil, err
	}
	before, err := b.target.usage()
	if err != nil {
		return nil, err
	}
	began, h := b.loop.now(), &Histogram{}
	for _, c := range conns {
		c.cut()
	}
	if err := b.loop.Arrive(ctx, conns, herdDialers, h); err != nil {
		return nil, err
	}
	took := time.Duration(b.loop.now() - began).Seconds()
	used, err := b.target.spent(before)
	return &herdLine{
		benchHead: b.head, Connections: n, Seconds: rounded(took), PerSecond: rounded(float64(n) / took),
		P50: h.us(0.5), P99: h.us(0.99), spent: used,
	}, err
}
