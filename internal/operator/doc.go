// Package operator holds the commands for a running server: they ask it over its admin socket and print the answer.
package operator
