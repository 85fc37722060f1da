package admin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"chatme/internal/admin"
)

func TestAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		answer any
		err    error
		status int
		body   string
	}{
		"an answer": {map[string]int{"n": 1}, nil, 200, "{\"n\":1}\n"},
		"a refusal": {nil, &admin.Refusal{Status: 404, Text: "no session s_1"}, 404, "no session s_1\n"},
		"a failure": {nil, errors.New("disk"), 500, "disk\n"},
		"not JSON":  {func() {}, nil, 500, "json: unsupported type: func()\n"},
	} {
		w := httptest.NewRecorder()
		admin.Answer(func(*http.Request) (any, error) { return test.answer, test.err }).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != test.status || w.Body.String() != test.body {
			t.Errorf("%s: %d %q, want %d %q", name, w.Code, w.Body, test.status, test.body)
		}
	}
}
