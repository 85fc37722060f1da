package sockets

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/network"
	"chatme/internal/ws"
)

// Generous sets rates that count and that no test reaches unless it is about them. Open does so.
func Generous(w *ws.Config, _ *chat.Config) {
	plenty, bytes := network.NewRate(1_000_000, 1_000_000, time.Second), network.NewRate(1<<40, 1<<40, time.Second)
	w.Rates.Frames, w.Rates.Messages, w.Rates.Pings, w.Rates.Bytes = plenty, plenty, plenty, bytes
	w.NetworkRates = network.Rates{Resumes: plenty, Searches: plenty, Sessions: plenty, Bytes: bytes}
}

// Strict sets the default rates of the settings.
func Strict(w *ws.Config, _ *chat.Config) {
	w.Rates.Frames, w.Rates.Messages = network.NewRate(600, 60, time.Second), network.NewRate(300, 10, time.Second)
	w.Rates.Bytes, w.Rates.Pings = network.NewRate(64<<20, 1<<20, time.Second), network.NewRate(20, 1, time.Second)
	w.NetworkRates = network.Rates{
		Resumes: network.NewRate(20, 1, 5*time.Second), Searches: network.NewRate(100, 20, time.Second),
		Sessions: network.NewRate(64, 1, time.Second), Bytes: network.NewRate(256<<20, 8<<20, time.Second),
	}
}
