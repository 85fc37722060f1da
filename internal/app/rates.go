package app

import (
	"chatme/internal/config"
	"chatme/internal/network"
	"chatme/internal/ws"
)

// networkRates returns the rates of a network, and of a session, on a server with room for this many sockets.
func networkRates(cfg *config.Config, sockets int) network.Rates {
	share := cfg.SocketsOfNetwork(sockets)
	return network.Rates{
		Connects: rateOf(cfg.NetworkConnects.For(share)),
		Sessions: rateOf(cfg.NetworkSessions.For(share)),
		Searches: rateOf(cfg.NetworkSearches),
		Bytes:    rateOf(config.Rate(cfg.NetworkBytes)),
		Resumes:  rateOf(cfg.SessionResumes),
	}
}

// socketRates returns the rates of a socket.
func socketRates(cfg *config.Config) ws.Rates {
	return ws.Rates{
		Frames:   rateOf(cfg.SocketFrames),
		Messages: rateOf(cfg.SocketMessages),
		Bytes:    rateOf(config.Rate(cfg.SocketBytes)),
		Pings:    rateOf(cfg.SocketPings),
		Typing:   cfg.TypingInterval.Duration,
		Auths:    int(cfg.RepeatedAuths),
		Waits:    cfg.RateWaits.Duration,
		Pace:     int64(cfg.FramePace),
	}
}

func rateOf(r config.Rate) network.Rate { return network.NewRate(r.Burst, r.Amount, r.Per) }
