package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"chatme/internal/admin"
	"chatme/internal/client"
)

// testNoTraceOfWhatIsSecret sends marked words through everything a server reads, through its mailbox and kills of it
// too, then looks for them in all that it wrote: the database, its WAL and what stands beside them, a copy, and the
// log at its most talkative.
func testNoTraceOfWhatIsSecret(t *testing.T, s *site) {
	s.flags = []string{"--log-level", "debug"}
	marks := marks{"API key": s.key}
	marks["address"], marks["IPv6 address"], marks["forwarded address"] = "127.0.0.77", "2001:db8::77", "203.0.113.77"
	options := client.Options{
		LocalAddr: marks["address"],
		Header: http.Header{
			"User-Agent":      {marks.add("user agent")},
			"X-Forwarded-For": {marks["IPv6 address"] + ", " + marks["forwarded address"]},
		},
	}

	server, _ := s.start()
	watches(s)
	a, b := s.join("a", options), s.join("b", options)
	marks.session("a's", a)
	marks.session("b's", b)
	meet(a, b)
	b.check(b.Typing(true))
	a.expect("typing_start")
	text, image := marks.add("text"), marks.image("image", 1)
	sends(a, text, image)
	receives(b, text, image)
	b.check(b.Ack())
	a.expect("ack")

	// What is refused leaves no more traces than what is taken.
	_, err := a.SendImage("javascript:" + marks.add("refused image"))
	a.check(err)
	a.expect("error")
	a.check(a.SendRaw([]byte(`{"type":"message","text":{"` + marks.add("malformed frame") + `":1}}`)))
	a.expect("error")
	a.check(a.SendRaw([]byte(`{"type":"` + marks.add("unknown type") + `"}`)))
	strangers(s, options, marks)

	// What is held for b is on disk, and lasts from kill to kill.
	b.Drop()
	a.await("partner_away")
	var held []string
	for round := range inSoak(50, 5) {
		text, image := marks.add(fmt.Sprintf("held text %d", round)), marks.image(fmt.Sprintf("held image %d", round), 1<<13)
		held = append(held, text, image)
		sends(a, text, image)
		for sent := a.State().Sent; a.State().Acked < sent; {
			a.await("ack")
		}
		server.kill() // so the WAL is as it was
		holdsNone(s, marks)
		server, _ = s.start()
		comesBackMatched(a, "away")
	}
	s.asks(`SELECT sum(messages) FROM v_mailbox`, strconv.Itoa(len(held)))
	copies(s, "copy.db")
	b.dial(b.Resume())
	if m := b.greet(); m.State != "matched" || m.Replay != len(held)+1 {
		t.Errorf("%+v", m)
	}
	b.expect("gap") // in the place of the image that was refused
	receives(b, held...)
	b.check(b.Ack())
	s.comesTo(`SELECT count(*) FROM mailbox`, "0")
	asksAll(s)

	server.kill()
	holdsNone(s, marks)
	server, _ = s.start()
	if code, _ := server.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	holdsNone(s, marks)
	log := s.wrote.String()
	if !strings.Contains(log, "connection ended") || !strings.Contains(log, `"type":"message"`) ||
		!strings.Contains(log, "\nchatme_matches_total ") {
		t.Errorf("the log says nothing of connections, or tail nothing of messages, or there are no figures:\n%s", log)
	}
	// Of addresses it has the one it listens at.
	if rest := strings.ReplaceAll(log, s.addr, ""); strings.Contains(rest, "127.0.0.") {
		t.Errorf("the log holds an address:\n%s", rest)
	}
}

// watches has somebody watch the servers of s, whose view goes to the log, and returns once that has begun.
func watches(s *site) {
	s.tb.Helper()
	tail, said := s.command("tail", "--json", "--retry", "--db", s.db), &record{}
	tail.Stdout, tail.Stderr = s.wrote, said
	if err := tail.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() {
		tail.Process.Kill()
		tail.Wait()
	})
	eventually(s.tb, "tail is connected", func() bool { return strings.Contains(said.String(), "connected") })
}

// asksAll writes all that the admin socket answers, figures and lists, to the log.
func asksAll(s *site) {
	s.tb.Helper()
	socket := admin.NewClient(s.db + ".sock")
	for _, path := range []string{"/metrics", "/history", "/sessions", "/queue", "/pairs", "/readyz"} {
		answer, err := socket.Stream(step(s.tb), http.MethodGet, path)
		if err == nil {
			_, err = io.Copy(s.wrote, answer)
			answer.Close()
		}
		if err != nil {
			s.tb.Errorf("%s: %v", path, err)
		}
	}
}

// strangers are those who get no further than the door, each with something that marks it.
func strangers(s *site, options client.Options, marks marks) {
	unknown := options
	unknown.APIKey = s.key
	unknown.Resume = &client.State{
		SessionID: "cm1_" + marks.add("unknown session ID"), Epoch: marks.add("epoch"), Partner: marks.add("partner"),
	}
	p := &person{tb: s.tb, site: s, name: "stranger"}
	p.dial(unknown)
	if m := p.greet(); m.Code != "unknown" {
		s.tb.Errorf("%+v", m)
	}
	p.expect("session_id")
	marks.session("a stranger's", p)
	wrong := options
	wrong.APIKey = marks.add("wrong key")
	p.dial(wrong)
	p.expect("auth_error")
	p.drain(nil)
	unknown.Resume = nil
	p.dial(unknown)
	p.check(p.SendRaw([]byte(marks.add("frame that is not UTF-8") + "\xff")))
	p.drain(nil)
	origin := options
	origin.Origin = "https://" + strings.ToLower(marks.add("origin")) + ".example"
	marks["origin"] = origin.Origin
	if _, err := client.Dial(step(s.tb), "ws://"+s.addr+"/"+marks.add("path"), origin); err == nil {
		s.tb.Error("a foreign origin is let in")
	}
	talksRubbish(s, marks.add("request"))
}

// marks are words that nobody else writes, by what they were sent as.
type marks map[string]string

// add makes a new one.
func (m marks) add(what string) string {
	m[what] = "canary" + rand.Text()
	return m[what]
}

// image returns an image in which a new mark stands size times, and takes it in each form that it could be kept in.
func (m marks) image(what string, size int) (uri string) {
	picture := strings.Repeat(m.add(what), size)
	encoded := base64.StdEncoding.EncodeToString([]byte(picture))
	m["encoded "+what] = encoded[:min(len(encoded), 40)]
	return "data:image/png;base64," + encoded
}

// session takes the ID of p's session, in each form that it could be kept in.
func (m marks) session(whose string, p *person) {
	p.tb.Helper()
	id := p.State().SessionID
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(id, "cm1_"))
	if err != nil || len(secret) != 32 {
		p.tb.Fatalf("%s: a secret of %d bytes, %v", p.name, len(secret), err)
	}
	m[whose+" session ID"] = strings.TrimPrefix(id, "cm1_")
	m[whose+" session ID in binary"] = string(secret)
	m[whose+" session ID in hex"] = hex.EncodeToString(secret)
}

// sends sends texts, and images as what they are.
func sends(p *person, bodies ...string) {
	p.tb.Helper()
	for _, body := range bodies {
		send := p.Send
		if strings.HasPrefix(body, "data:") {
			send = p.SendImage
		}
		_, err := send(body)
		p.check(err)
	}
}

// receives wants these texts and images next.
func receives(p *person, bodies ...string) {
	p.tb.Helper()
	for i, body := range bodies {
		if m := p.expect("message"); m.Text+m.ImageURL != body {
			p.tb.Errorf("%s: body %d of %d is %s", p.name, i, len(bodies), client.Describe(&m))
		}
	}
}

// copies makes a copy of the database beside it, as a backup does.
func copies(s *site, name string) {
	s.tb.Helper()
	copied := exec.CommandContext(step(s.tb), shell(s.tb), "-readonly", s.db, "VACUUM INTO '"+filepath.Join(s.dir, name)+"'")
	if out, err := copied.CombinedOutput(); err != nil {
		s.tb.Fatalf("back up: %v: %s", err, out)
	}
}

// holdsNone wants no mark in the log, nor in any file of the site, whose server MUST be gone.
func holdsNone(s *site, marks marks) {
	s.tb.Helper()
	wrote := map[string]string{"the log": s.wrote.String()}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil || len(files) < 2 {
		s.tb.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Lstat(file)
		if err != nil {
			s.tb.Fatal(err)
		}
		if info.Mode()&os.ModeSocket == 0 { // a killed server leaves its admin socket behind
			wrote[filepath.Base(file)] = string(mustRead(s.tb, file))
		}
	}
	for where, text := range wrote {
		for what, mark := range marks {
			if strings.Contains(text, mark) {
				s.tb.Errorf("%s holds the %s, %q", where, what, mark)
			}
		}
	}
}

// talksRubbish sends what is not HTTP and waits until the server has had enough of it.
func talksRubbish(s *site, mark string) {
	s.tb.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer conn.Close()
	if deadline, ok := step(s.tb).Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, "GET /"+mark+" HTTP/1.1\r\n"+mark+"\r\n\r\n"); err != nil {
		s.tb.Fatal(err)
	}
	io.Copy(io.Discard, conn) // an error says the same as the end
}
