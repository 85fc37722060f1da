package admin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"chatme/internal/metrics"
)

// Status is the state of a server at one moment: its metrics, and what follows from them.
type Status struct {
	Ready   bool                       `json:"ready"`
	Reason  string                     `json:"reason,omitempty"` // why it is not ready
	Metrics metrics.Values             `json:"figures"`          // by their names in /metrics, without buckets
	Latency map[string]metrics.Latency `json:"latency"`          // by histogram, since the start of the server
	About   *About                     `json:"about,omitempty"`  // nil: a server of an older version

	Networks *NetworksAnswer `json:"networks,omitempty"` // only the largest; nil: a server of an older version
}

// Status asks for the metrics and whether the server is ready.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	body, err := c.Stream(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	all, err := metrics.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("cannot parse the metrics of the server on %s: %w", c.path, err)
	}
	s := &Status{Metrics: all.WithoutBuckets(), Latency: map[string]metrics.Latency{}}
	for _, name := range []string{metrics.RelaySeconds, metrics.MatchWaitSeconds, metrics.CommitSeconds, metrics.ResumeSeconds} {
		s.Latency[name] = metrics.LatencyOf(all.Buckets(name))
	}
	if s.Ready, s.Reason, err = c.Ready(ctx); err != nil {
		return nil, err
	}
	s.About, err = c.About(ctx)
	if _, older := errors.AsType[*UnknownPathError](err); err != nil && !older {
		return nil, err
	}
	s.Networks, err = c.Networks(ctx, statusNetworks)
	if _, older := errors.AsType[*UnknownPathError](err); err != nil && !older {
		return nil, err
	}
	return s, nil
}

// statusNetworks is how many networks a Status has.
const statusNetworks = 3

// Ready reports whether the server should get traffic, and if not, why.
func (c *Client) Ready(ctx context.Context) (ready bool, reason string, err error) {
	answer, err := c.Do(ctx, http.MethodGet, "/readyz")
	if err != nil {
		return false, "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return true, "", nil
	}
	line, _ := bufio.NewReader(answer.Body).ReadString('\n')
	return false, strings.TrimSpace(line), nil
}
