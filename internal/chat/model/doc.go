// Package model is a second implementation of part 2 of the protocol, to compare the lobby with: slices, linear scans, one
// obvious step after the other, and none of the lobby's code. A change of a rule of matching or custody changes both, and
// package duel shows that they agree.
package model
