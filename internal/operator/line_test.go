package operator

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"chatme/internal/tail"
)

func TestPrettyLine(t *testing.T) {
	at := time.Date(2026, 3, 1, 20, 13, 20, 5e6, time.Local)
	for want, l := range map[string]tail.Line{
		"upgrade   socket 7      accepted":                                         {Type: tail.Upgrade, Conn: 7},
		"upgrade   -             refused, origin (403)":                            {Type: tail.Upgrade, Status: tail.StatusError, Reason: "origin", Code: 403},
		"auth      s_1a2b3c4d    resumable client, socket 7":                       {Type: tail.Auth, Session: "s_1a2b3c4d", Conn: 7, Kind: "resumable"},
		"auth      socket 7      refused, invalid API key":                         {Type: tail.Auth, Status: tail.StatusError, Conn: 7, Reason: "invalid API key"},
		"resumed   s_1a2b3c4d    matched, away 1.5s, 1 message to resend":          {Type: tail.Resumed, Session: "s_1a2b3c4d", What: "matched", MS: 1500, Count: 1},
		"search    s_1a2b3c4d":                                                     {Type: tail.Search, Session: "s_1a2b3c4d"},
		"matched   s_1a2b3c4d    with s_5e6f7a8b, after 0s":                        {Type: tail.Matched, Session: "s_1a2b3c4d", With: "s_5e6f7a8b"},
		"message   s_1a2b3c4d    held, image, 12,345 bytes, for s_5e6f7a8b":        {Type: tail.Message, Session: "s_1a2b3c4d", With: "s_5e6f7a8b", What: "held", Kind: "image", Bytes: 12345},
		"ended     s_1a2b3c4d    next, by s_5e6f7a8b":                              {Type: tail.Ended, Session: "s_1a2b3c4d", With: "s_5e6f7a8b", What: "next"},
		"closed    s_1a2b3c4d    Chat ended (1000), open 1m30s, 1 frame in, 2 out": {Type: tail.Closed, Session: "s_1a2b3c4d", Conn: 7, Reason: "Chat ended", Code: 1000, MS: 90_000, In: 1, Out: 2},
		"upgrade   -             refused, full (503), network n_7f3a12":            {Type: tail.Upgrade, Status: tail.StatusError, Reason: "full", Code: 503, Network: "n_7f3a12"},
		"wait      s_1a2b3c4d    at the rate of network bytes, network n_7f3a12":   {Type: tail.Wait, Session: "s_1a2b3c4d", What: "network_bytes", Network: "n_7f3a12"},
		"wait      socket 7      at the rate of searches":                          {Type: tail.Wait, Conn: 7, What: "searches"},
		"standing  s_1a2b3c4d    stands out, network n_7f3a12":                     {Type: tail.Standing, Session: "s_1a2b3c4d", What: "stands out", Network: "n_7f3a12"},
		"commit    -             slow, took 300ms, 12 rows":                        {Type: tail.Commit, Status: tail.StatusError, What: "slow", MS: 300, Count: 12},
		"reload    -             0 settings changed":                               {Type: tail.Reload, Status: tail.StatusOK},
		"lost      -             1,024 events lost: the tail is too slow":          {Type: tail.Lost, Status: tail.StatusError, Count: 1024},
	} {
		if l.Status == "" {
			l.Status = tail.StatusOK
		}
		l.Time = at
		if got := prettyLine(&l, false); got != "20:13:20.005  "+want {
			t.Errorf("%q, want %q", got, want)
		}
		coloured := prettyLine(&l, true)
		if plain := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(coloured, ""); plain != "20:13:20.005  "+want {
			t.Errorf("without its colours %q, want %q", plain, want)
		}
		if red := strings.Contains(coloured, red); red != (l.Status == tail.StatusError) {
			t.Errorf("%q is red: %v", want, red)
		}
	}
}
