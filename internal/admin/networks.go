package admin

import (
	"context"
	"fmt"
)

// NetworksAnswer is what the server knows about the networks of its clients, the largest first. It names each by its tag of
// the day; "none" stands for all clients of unknown networks.
type NetworksAnswer struct {
	Networks    []NetworkRow `json:"networks"`
	Total       int64        `json:"total"`
	Hour        NetworkHour  `json:"hour"`
	LowPriority string       `json:"lowPriority"` // what happens to sessions that stand out: watch, on or off
	Need        Streaks      `json:"need"`        // how long a streak stands out now
}

// NetworkRow is one network with sockets or with sessions in memory.
type NetworkRow struct {
	Network string  `json:"network"`
	Sockets int     `json:"sockets"`
	Share   float64 `json:"share"`   // of all sockets
	Delayed int     `json:"delayed"` // sockets that wait at a rate

	Idle    int `json:"idle"` // sessions, each counted once
	Waiting int `json:"waiting"`
	Matched int `json:"matched"`
	Away    int `json:"away"`

	Streaks   Streaks `json:"streaks"`
	StandsOut bool    `json:"standsOut"`
	Standing  int     `json:"sessionsStandingOut"` // of its sessions, for its streaks or their own
}

// NetworkHour is the network that opened most sockets of the last hour.
type NetworkHour struct {
	Network string  `json:"network"`
	Share   float64 `json:"share"`
	Sockets int     `json:"sockets"` // of all networks
}

// Streaks are chats in a row that went badly.
type Streaks struct {
	Ignored int `json:"ignored"` // the other side wrote nothing
	Short   int `json:"short"`   // not proper
}

// SessionStanding is what the server knows about the chats of a session in memory.
type SessionStanding struct {
	Network   string  `json:"network"`
	Proven    bool    `json:"proven"` // it has had a proper chat
	Streaks   Streaks `json:"streaks"`
	StandsOut bool    `json:"standsOut"`
}

// Networks asks the server for at most limit networks; 0: all. A server of an older version does not know the request; the
// error is then an *UnknownPathError.
func (c *Client) Networks(ctx context.Context, limit int) (*NetworksAnswer, error) {
	answer := &NetworksAnswer{}
	if err := c.Get(ctx, fmt.Sprintf("/networks?limit=%d", limit), answer); err != nil {
		return nil, err
	}
	return answer, nil
}
