package duel

import (
	"math/rand/v2"
	"testing"
)

// FuzzLobby plays the bytes and compares the lobby with the model after every step.
func FuzzLobby(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 8 {
		f.Add(randomBytes(r, 300))
	}
	f.Fuzz(func(t *testing.T, data []byte) { drive(t, data[:min(len(data), 600)]) })
}

// TestLobbyRandom is FuzzLobby with fixed inputs.
func TestLobbyRandom(t *testing.T) {
	const seeds = 300
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 7))
		drive(t, randomBytes(r, 200+r.IntN(400)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
