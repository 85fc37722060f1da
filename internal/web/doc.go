// Package web serves the built-in page and its client library, embedded in the binary.
//
// It MUST NOT know the server: it answers GET and HEAD of fixed paths with bytes that are ready when New returns.
// There is no build step: static/ is served without its comments and indentation. The npm package contains the library
// with its comments and types.
//
//	/            index.html, with the web API key in a meta element
//	/chatme.js   the client library: one ES module without dependencies
//	/-/…         the page's styles, scripts and icon
//
// A directory that replaces the built-in page (Config.Dir) has the layout of static/: index.html, optionally chatme.js,
// and the rest, which is served below /-/.
//
// The page uses relative URLs and dials the socket at its own address, so that it works under a path prefix if the
// proxy strips the prefix and the page's address ends in a slash.
package web
