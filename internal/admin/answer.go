package admin

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Refusal is an error with its status of HTTP: what was asked for is not, or cannot be.
type Refusal struct {
	Status int
	Text   string // one line that says what to do
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Handle adds what is answered to method and path. It must not be called once s serves.
func (s *Server) Handle(method, path string, handler http.Handler) {
	s.router.Method(method, path, handler)
}

// Answer answers with what ask returns, as JSON, or with its error in one line: the status is that of a Refusal, else 500.
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
