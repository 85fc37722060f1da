// Package dashboard is a page with charts of a running server's last hour, its sessions and its queue, for as long as
// the operator looks at it. It is served by a process of its own, on loopback and under a random path, and has all its
// data from the server's admin socket, with the rights of who started it.
//
//	browser → loopback, /TOKEN/ → Handler → admin socket → server
//
// Only who knows the token gets an answer, and only under a name of this machine: a page elsewhere that has its own name
// point here (DNS rebinding) names itself in Host. The page asks nobody else for anything, and its policy holds it to that.
// Nothing here changes the server: every request is a GET.
package dashboard
