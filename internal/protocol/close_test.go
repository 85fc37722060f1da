package protocol

import (
	"testing"
	"time"
)

func TestCloseCodes(t *testing.T) {
	for code, want := range map[int]string{
		CloseChatEnded: "Chat ended", CloseUnauthenticated: "", CloseRateLimited: "", 1005: "",
		CloseInvalidUTF8: TextInvalidUTF8, CloseAbuse: TextAbuse, CloseTooLarge: TextTooLarge, CloseRestart: TextRestart,
		CloseOverloaded: TextOverloaded, CloseHibernated: TextHibernated, CloseImpossibleClaim: TextImpossibleClaim,
		CloseAuthTimeout: TextAuthTimeout, CloseReplaced: TextReplaced, CloseRevoked: TextRevoked,
	} {
		got := CloseText(code)
		if got != want || len(got) > 123 {
			t.Errorf("%d: %q, want %q of at most 123 bytes", code, got, want)
		}
	}
	// Legacy clients recognize these texts.
	if TextNotAuthenticated != "Not authenticated" || TextAuthFailed != "Authentication failed" || CloseUnauthenticated != 4001 {
		t.Error("the texts of 4001 have changed")
	}
}

func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		-time.Second: "1", 0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90",
	} {
		if got := RetryAfter(wait); got != want {
			t.Errorf("%v: %s, want %s", wait, got, want)
		}
	}
}
