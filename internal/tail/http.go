package tail

import (
	"encoding/json"
	"errors"
	"net/http"
)

// ServeHTTP streams the events that the query asks for, until the request or the server ends: lines of JSON,
// application/x-ndjson.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	filter, err := ParseFilter(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l, err := f.Listen(filter)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer l.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	out.Flush() // tells the client that it has begun
	lines := json.NewEncoder(w)
	for {
		line, err := l.Next(r.Context())
		if errors.Is(err, ErrClosed) {
			out.Flush()
			return
		}
		if err != nil || lines.Encode(line) != nil {
			return
		}
		if !l.Waiting() && out.Flush() != nil {
			return
		}
	}
}
