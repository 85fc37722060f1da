package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"chatme/internal/chat"
	"chatme/internal/config"
	"chatme/internal/store"
)

// databaseFlags say which database a command is about. A command that has them needs no key.
type databaseFlags struct {
	File string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB   string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The database."`
}

// database is the path of the database in force.
func (p *program) database(f databaseFlags) (string, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.environ, File: f.File})
	if err != nil {
		return "", withCode(exitConfig, err)
	}
	return cfg.DB, nil
}

// contents is what is in a database, for programs.
type contents struct {
	Schema    int64  `json:"schema"`
	Boots     int64  `json:"boots"`
	Sessions  int64  `json:"sessions"`
	Resumable int64  `json:"resumable"`
	Waiting   int64  `json:"waiting"`
	Chats     int64  `json:"chats"`
	Letters   int64  `json:"letters"`
	Bytes     int64  `json:"bytes"`
	Newest    string `json:"newest"` // RFC 3339, UTC; "" if nothing ever changed
}

func contentsFor(c store.Contents) contents {
	newest := ""
	if c.Newest != 0 {
		newest = moment(c.Newest).Format(time.RFC3339Nano)
	}
	return contents{
		Schema: c.Schema, Boots: c.Boots, Sessions: c.Sessions, Resumable: c.Resumable, Waiting: c.Waiting, Chats: c.Chats,
		Letters: c.Letters, Bytes: c.Bytes, Newest: newest,
	}
}

// moment is t as a time.Time, in UTC.
func moment(t chat.Time) time.Time { return time.UnixMilli(int64(t)).UTC() }

// facts prints lines of a name and what is to be said of it, aligned.
func facts(w io.Writer, pairs ...string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(table, "%s\t%s\n", pairs[i], pairs[i+1])
	}
	return table.Flush()
}

// contentsFacts are the lines on what is in a database, now.
func contentsFacts(c store.Contents, now time.Time) []string {
	newest := "none"
	if c.Newest != 0 {
		t := moment(c.Newest)
		newest = fmt.Sprintf("%s UTC (%s ago)", t.Format(time.DateTime), elapsed(now.Sub(t)))
	}
	return []string{
		"size", grouped(c.Bytes) + " bytes",
		"sessions", fmt.Sprintf("%s, of which %s can come back and %s wait for a partner", grouped(c.Sessions), grouped(c.Resumable), grouped(c.Waiting)),
		"chats", grouped(c.Chats),
		"letters", grouped(c.Letters) + " held for people who are away",
		"newest change", newest,
	}
}

// grouped is n with a comma every three digits.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// elapsed is d for people: to three digits or so, never below nothing.
func elapsed(d time.Duration) string {
	d = max(d, 0)
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return d.Round(time.Minute).String()
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
