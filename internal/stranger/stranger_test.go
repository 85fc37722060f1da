package stranger

import (
	"strings"
	"testing"
)

func TestStrangerAnswers(t *testing.T) {
	for heard, want := range map[string]string{
		"": "picture", "  ": "picture", "Why?": "question", "tea": "“tea”", strings.Repeat("ä", 100): "“" + strings.Repeat("ä", 60) + "…”",
	} {
		for n := 1; n < 5; n++ {
			if got := answer(n, heard); !strings.Contains(got, want) || strings.Contains(got, "%!") {
				t.Errorf("answer %d to %q is %q, want %q in it", n, heard, got, want)
			}
		}
	}
}
