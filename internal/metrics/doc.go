// Package metrics holds the figures of a running server, and writes and reads them as Prometheus text
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Counters and histograms are kept here; what others know already (sessions, sizes) they are asked for when the figures
// are read. Every name begins with chatme_ and ends with its unit, and with _total if it only rises. Labels come from
// short lists: a result, a code, a state, a table.
//
// Everything that shows figures (a scraper, chatme status, the dashboard) reads the same text, so they cannot differ.
//
// The package MUST NOT know who counts, and nothing that it is given may be a key, an ID, a body or an address.
package metrics
