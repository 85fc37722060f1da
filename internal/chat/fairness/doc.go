// Package fairness simulates hours of a site under attack, with the real lobby and virtual time, and measures how long people
// look for each other. TestFairnessBounds holds the lobby to what docs/fairness.md promises; the table in it is made by
//
//	FAIRNESS=10 LONG=1 go test -timeout 1h -v -run 'TestFairnessBounds$' ./internal/chat/fairness
//
// where 10 is the number of seeds.
package fairness
