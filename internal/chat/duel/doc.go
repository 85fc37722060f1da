// Package duel runs a lobby and the model side by side, under fuzzed commands, and ends the test at the first difference.
package duel
