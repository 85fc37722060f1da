package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
)

// zip returns body compressed with gzip, or nil if that is not smaller. The length may depend on the content, because
// nothing served here is secret.
func zip(body []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(body); err != nil || w.Close() != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

// acceptsGzip reports whether the request names gzip and does not refuse it (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				return strings.Trim(strings.TrimSpace(weight), "q=0. ") != "" || strings.TrimSpace(weight) == ""
			}
		}
	}
	return false
}
