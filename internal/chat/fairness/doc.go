// Package fairness simulates hours of a site under attack, with the real lobby and virtual time, and measures how long people
// look for each other. TestBounds holds the lobby to what docs/fairness.md promises; the table in it is made by
//
//	FAIRNESS=10 go test -timeout 3h -v -run 'TestTable$' ./internal/chat/fairness
//
// where 10 is the number of seeds.
package fairness
