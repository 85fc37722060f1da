// Package pace measures how fast this machine is at the moment, so that what must happen soon may take so many round
// trips instead of so many seconds: in tests, and in commands that put a load on a server beside them.
//
//	ctx, cancel := context.WithTimeout(ctx, pace.Of(20*time.Second))
//
// A duration is what an idle machine gets. A machine with other work gets a multiple of it, within bounds, so that what
// hangs is found everywhere.
//
// A server MUST NOT use it: what it promises is in seconds. Nor may a synctest bubble, where no time passes while a
// machine works.
package pace
