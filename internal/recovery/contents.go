package recovery

import (
	"fmt"
	"time"

	"chatme/internal/cli"
	"chatme/internal/store"
)

// contents describes what is in a database, for programs.
type contents struct {
	Schema    int64  `json:"schema"`
	Boots     int64  `json:"boots"`
	Sessions  int64  `json:"sessions"`
	Resumable int64  `json:"resumable"`
	Waiting   int64  `json:"waiting"`
	Chats     int64  `json:"chats"`
	Entries   int64  `json:"letters"`
	Bytes     int64  `json:"bytes"`
	Newest    string `json:"newest"` // RFC 3339, UTC; "" if nothing ever changed
}

func contentsFor(c store.Contents) contents {
	newest := ""
	if c.Newest != 0 {
		newest = c.Newest.UTC().Format(time.RFC3339Nano)
	}
	return contents{
		Schema: c.Schema, Boots: c.Boots, Sessions: c.Sessions, Resumable: c.Resumable, Waiting: c.Waiting, Chats: c.Chats,
		Entries: c.Entries, Bytes: c.Bytes, Newest: newest,
	}
}

// contentsFacts returns the lines on what is in a database now.
func contentsFacts(c store.Contents, now time.Time) []string {
	newest := "none"
	if c.Newest != 0 {
		t := c.Newest.UTC()
		newest = fmt.Sprintf("%s UTC (%s ago)", t.Format(time.DateTime), cli.Elapsed(now.Sub(t)))
	}
	return []string{
		"size", cli.Grouped(c.Bytes) + " bytes",
		"sessions", fmt.Sprintf("%s, of which %s can resume and %s wait for a partner", cli.Grouped(c.Sessions), cli.Grouped(c.Resumable), cli.Grouped(c.Waiting)),
		"chats", cli.Grouped(c.Chats),
		"messages", cli.Grouped(c.Entries) + " held for disconnected clients",
		"newest change", newest,
	}
}
