// Package admin serves an operator's commands in the running server: an HTTP handler for a Unix socket, and the socket.
// A process that may open the socket may ask everything: the file's mode is the only check.
//
//	GET /livez   liveness: fails only if a restart is needed
//	GET /readyz  readiness: fails at once, with the reason
//	GET /metrics the metrics, as Prometheus text
//	GET /history?since=  the last hour, a metrics.Point every ten seconds, as JSON; points after a time in Unix milliseconds
//	GET /debug/pprof/    profiles of the process, for go tool pprof
//
// Other routes are added with Handle and answer JSON:
//
//	GET /about                        what the server is, where it listens and its settings in force: an About
//	POST /trace, GET /trace?number=&from=  announce a request through the proxies; report how it arrived, without addresses
//	GET /tail?type=&session=&status=  events as they happen, one per line
//	GET /sessions?state=&limit=       and /queue?limit=, /pairs?limit=: the lists
//	GET /networks?limit=              the networks of the clients, by tags of the day: a NetworksAnswer
//	POST /kick?session=               end a session
//	POST /advance                     advance the counter that tells the database from an older copy
//	POST /reload                      reload the settings
//
// It is never part of the public listener. It MUST NOT know what is stored or which sessions chat except through the
// functions that it is given. No answer holds a key, a session ID, a body or an address.
package admin
