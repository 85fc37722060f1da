// Package web is the built-in page and the client library it uses, embedded in the binary.
//
// It MUST NOT know the server: it answers GET and HEAD of fixed paths with bytes that are ready when New returns.
// There is no build step: what is in static/ is served but for its comments and indentation. The library with its
// comments and types is the npm package.
//
//	/            index.html, with the API key of the web in a meta element
//	/chatme.js   the client library: one ES module without dependencies
//	/-/…         the page's own style, scripts and icon
//
// A directory given instead (Config.Dir) is laid out as static/ is: index.html, perhaps a chatme.js, and below /-/ all
// the rest.
//
// The page names its files by relative addresses and dials the socket at its own address, so that it works
// under a path prefix as long as the proxy removes the prefix and the page's address ends in a slash.
package web
