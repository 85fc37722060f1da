// Package rig is what surrounds a lobby in a server, for its tests: a clock, a store that may lose its last batches, and the
// gate in front of every socket. It checks the lobby after every step.
package rig
