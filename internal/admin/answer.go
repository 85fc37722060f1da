package admin

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Refusal is an error with an HTTP status, for a request that cannot be fulfilled.
type Refusal struct {
	Status int
	Text   string // one line that says what to do
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Handle adds a handler for method and path. It must not be called once s serves.
func (s *Server) Handle(method, path string, handler http.Handler) {
	s.router.Method(method, path, handler)
}

// Answer returns a handler that answers with the result of ask as JSON, or with its error in one line. The status of an
// error is that of a Refusal, otherwise 500.
func Answer(ask func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		answer, err := ask(r)
		var text []byte
		if err == nil {
			text, err = json.Marshal(answer)
		}
		if err != nil {
			status := http.StatusInternalServerError
			if refusal, ok := errors.AsType[*Refusal](err); ok {
				status = refusal.Status
			}
			http.Error(w, err.Error(), status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(append(text, '\n'))
	})
}
