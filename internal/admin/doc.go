// Package admin is what an operator's commands ask of the running server: an HTTP handler for a unix socket, and the
// socket. Who may open the socket may ask everything: the file's mode is the only check there is.
//
//	GET /livez   is the process worth keeping? slow to fail
//	GET /readyz  should it get traffic? fails at once, with the reason
//	GET /metrics the figures, as Prometheus text
//	GET /history?since=  the last hour, a metrics.Point every ten seconds, as JSON; those after a unix millisecond
//	GET /debug/pprof/    profiles of the process, for go tool pprof
//
// What else a command asks is given to Handle, all of it JSON:
//
//	GET /about                        what the server is, where it listens and what it goes by: an About
//	POST /trace, GET /trace?number=&from=  announce a request through the proxies; how it arrived, without addresses
//	GET /tail?type=&session=&status=  what happens, as it happens, one event a line
//	GET /sessions?state=&limit=       and /queue?limit=, /pairs?limit=: who is there
//	POST /kick?session=               end a session
//	POST /advance                     raise the counter that tells an older copy of the database from it
//	POST /reload                      read the settings again
//
// It is never part of the public listener. It MUST NOT know what is stored or who talks with whom but through the
// functions that it is given, and nothing it answers holds a key, a session ID, a body or an address.
package admin
