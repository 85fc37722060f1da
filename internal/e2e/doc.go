// Package e2e tests the binary as an operator runs it: a process, a port, a database and signals.
package e2e
