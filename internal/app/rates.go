package app

import (
	"chatme/internal/config"
	"chatme/internal/network"
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

func rateOf(r config.Rate) network.Rate { return network.NewRate(r.Burst, r.Amount, r.Per) }
