package main

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/client"
)

// testNoTraceOfWhatIsSecret sends marked words through everything a server reads, then looks for them in all that it
// wrote: the database, its WAL and what stands beside them, and the log at its most talkative.
func testNoTraceOfWhatIsSecret(t *testing.T, s *site) {
	s.flags = []string{"--log-level", "debug"}
	marks := map[string]string{"API key": s.key}
	mark := func(what string) string {
		marks[what] = "canary" + rand.Text()
		return marks[what]
	}
	marks["address"], marks["IPv6 address"], marks["forwarded address"] = "127.0.0.77", "2001:db8::77", "203.0.113.77"
	options := client.Options{
		LocalAddr: marks["address"],
		Header: http.Header{
			"User-Agent":      {mark("user agent")},
			"X-Forwarded-For": {marks["IPv6 address"] + ", " + marks["forwarded address"]},
		},
	}

	server, _ := s.start()
	a, b := s.join("a", options), s.join("b", options)
	meet(a, b)
	b.check(b.Typing(true))
	a.expect("typing_start")
	text, image := mark("text"), "data:image/png;base64,"+base64.StdEncoding.EncodeToString([]byte(mark("image")))
	marks["encoded image"] = strings.TrimPrefix(image, "data:image/png;base64,")
	_, err := a.Send(text)
	a.check(err)
	_, err = a.SendImage(image)
	a.check(err)
	if m := b.expect("message"); m.Text != text {
		t.Errorf("%+v", m)
	}
	if m := b.expect("message"); m.ImageURL != image {
		t.Errorf("%+v", m)
	}
	b.check(b.Ack())
	a.expect("ack")

	// What is refused leaves no more traces than what is taken.
	_, err = a.SendImage("javascript:" + mark("refused image"))
	a.check(err)
	a.expect("error")
	a.check(a.SendRaw([]byte(`{"type":"message","text":{"` + mark("malformed frame") + `":1}}`)))
	a.expect("error")
	a.check(a.SendRaw([]byte(`{"type":"` + mark("unknown type") + `"}`)))
	marks["session ID"], marks["second session ID"] = a.State().SessionID, b.State().SessionID
	b.Drop()
	a.await("partner_away")
	_, err = a.Send(mark("text to who is away"))
	a.check(err)
	a.await("error")

	unknown := options
	unknown.APIKey = s.key
	unknown.Resume = &client.State{SessionID: "cm1_" + mark("unknown session ID"), Epoch: mark("epoch"), Partner: mark("partner")}
	p := &person{tb: t, site: s, name: "unknown"}
	p.dial(unknown)
	if m := p.greet(); m.Code != "unknown" {
		t.Errorf("%+v", m)
	}
	p.expect("session_id")
	marks["third session ID"] = p.State().SessionID
	wrong := options
	wrong.APIKey = mark("wrong key")
	p.dial(wrong)
	p.expect("auth_error")
	p.drain(nil)
	unknown.Resume = nil
	p.dial(unknown)
	p.check(p.SendRaw([]byte(mark("frame that is not UTF-8") + "\xff")))
	p.drain(nil)
	origin := options
	origin.Origin = "https://" + strings.ToLower(mark("origin")) + ".example"
	marks["origin"] = origin.Origin
	if _, err := client.Dial(step(t), "ws://"+s.addr+"/"+mark("path"), origin); err == nil {
		t.Error("a foreign origin is let in")
	}
	s.talksRubbish(mark("request"))

	for _, what := range []string{"session ID", "second session ID", "third session ID"} {
		secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(marks[what], "cm1_"))
		if err != nil || len(secret) != 32 {
			t.Errorf("%s: %d bytes, %v", what, len(secret), err)
		}
		marks[what+" in binary"] = string(secret)
	}

	server.kill() // so the WAL is as it was
	s.holdsNone(marks)
	server, _ = s.start()
	a.comesBackMatched("away")
	if code, _ := server.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	s.holdsNone(marks)
	log := s.wrote.String()
	if !strings.Contains(log, "connection ended") {
		t.Errorf("the log says nothing of connections:\n%s", log)
	}
	// Of addresses it has the one it listens at.
	if rest := strings.ReplaceAll(log, s.addr, ""); strings.Contains(rest, "127.0.0.") {
		t.Errorf("the log holds an address:\n%s", rest)
	}
}

// holdsNone wants no mark in the log, nor in any file of the site, whose server MUST be gone.
func (s *site) holdsNone(marks map[string]string) {
	s.tb.Helper()
	wrote := map[string]string{"the log": s.wrote.String()}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if err != nil || len(files) < 2 {
		s.tb.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		wrote[filepath.Base(file)] = string(mustRead(s.tb, file))
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
func (s *site) talksRubbish(mark string) {
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
