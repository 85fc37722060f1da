// Package dashboard is a page with charts of a running server's last hour, its sessions and its queue. Its own process
// serves it on loopback under a random path while the operator looks at it. All data comes from the server's admin
// socket, with the rights of the user who started the process.
//
//	browser → loopback, /TOKEN/ → Handler → admin socket → server
//
// A request needs the token, and its Host must be a name of this machine: a foreign page whose name resolves to this
// machine (DNS rebinding) has its own name in Host. The page makes no requests elsewhere, which its policy enforces.
// Nothing here changes the server: every request is a GET.
package dashboard
