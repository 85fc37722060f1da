// Package pace measures how fast this machine is at the moment, so that time limits can depend on round trips instead of
// seconds: in tests, and in commands that put load on a server on the same machine.
//
//	ctx, cancel := pace.WithTimeout(ctx, 20*time.Second)
//
// A duration is what an idle machine gets. A busy machine gets a multiple of it, within bounds, so that hangs are found
// everywhere.
//
// A server MUST NOT use it: its promises are in seconds. Nor may a synctest bubble, where no time passes during work.
package pace
