// Package metrics holds the metrics of a running server, and writes and reads them as Prometheus text
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Counters and histograms are kept here; values that other packages already know (sessions, sizes) are read from them on
// demand. Every name begins with chatme_ and ends with its unit, and with _total if it is a counter. Labels come from short
// lists: a result, a code, a state, a table.
//
// Everything that shows metrics (a scraper, chatme status, the dashboard) reads the same text, so the values cannot differ.
//
// The package MUST NOT know its callers, and MUST NOT be given a key, an ID, a body or an address.
package metrics
