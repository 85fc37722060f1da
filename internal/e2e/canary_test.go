package e2e

import (
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
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testNoTraceOfWhatIsSecret sends marked words through everything a server reads, also through its mailbox and across
// kills. Then it searches everything the server wrote: the database, its WAL and the files next to them, a copy, and
// the log at its most verbose.
func testNoTraceOfWhatIsSecret(t *testing.T, s *testbed.Site) {
	s.Flags = []string{"--log-level", "debug"}
	marks := marks{"API key": s.Key}
	marks["address"], marks["IPv6 address"], marks["forwarded address"] = "127.0.0.77", "2001:db8::77", "203.0.113.77"
	marks.hashes("forwarded address")
	options := client.Options{
		LocalAddr: marks["address"],
		Header: http.Header{
			"User-Agent":      {marks.add("user agent")},
			"X-Forwarded-For": {marks["IPv6 address"] + ", " + marks["forwarded address"]},
		},
	}

	server, _ := s.Start()
	watches(s)
	a, b := s.Join("a", options), s.Join("b", options)
	marks.session("a's", a)
	marks.session("b's", b)
	testbed.Meet(a, b)
	b.Check(b.Typing(true))
	a.Expect("typing_start")
	text, image := marks.add("text"), marks.image("image", 1)
	sends(a, text, image)
	receives(b, text, image)
	b.Check(b.Ack())
	a.Expect("ack")

	// Refused input leaves no more traces than accepted input.
	_, err := a.SendImage("javascript:" + marks.add("refused image"))
	a.Check(err)
	a.Expect("error")
	a.Check(a.SendRaw([]byte(`{"type":"message","text":{"` + marks.add("malformed frame") + `":1}}`)))
	a.Expect("error")
	a.Check(a.SendRaw([]byte(`{"type":"` + marks.add("unknown type") + `"}`)))
	strangers(s, options, marks)

	// Messages held for b are on disk, and survive kills.
	b.Drop()
	a.Await("partner_away")
	var held []string
	for round := range testbed.InSoak(50, 5) {
		text, image := marks.add(fmt.Sprintf("held text %d", round)), marks.image(fmt.Sprintf("held image %d", round), 1<<13)
		held = append(held, text, image)
		sends(a, text, image)
		for sent := a.State().Sent; a.State().Acked < sent; {
			a.Await("ack")
		}
		server.Kill() // so the WAL stays as it was
		holdsNone(s, marks)
		server, _ = s.Start()
		comesBackMatched(a, "away")
	}
	s.Asks(`SELECT sum(messages) FROM v_mailbox`, strconv.Itoa(len(held)))
	copies(s, "copy.db")
	b.Dial(b.Resume())
	if m := b.Greet(); m.State != "matched" || m.Replay != len(held)+1 {
		t.Errorf("%+v", m)
	}
	b.Expect("gap") // in place of the refused image
	receives(b, held...)
	b.Check(b.Ack())
	s.ComesTo(`SELECT count(*) FROM mailbox`, "0")
	asksAll(s)
	tag := showsNetwork(s, options)

	server.Kill()
	holdsNone(s, marks)
	for file, text := range filesOf(s) {
		if strings.Contains(text, tag) {
			s.TB.Errorf("%s contains the tag of a network, %q", file, tag)
		}
	}
	server, _ = s.Start()
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	holdsNone(s, marks)
	log := s.Wrote.String()
	if !strings.Contains(log, "connection ended") || !strings.Contains(log, `"type":"message"`) ||
		!strings.Contains(log, "\nchatme_matches_total ") {
		t.Errorf("the log has no connections, no messages from tail, or no metrics:\n%s", log)
	}
	// The only addresses in it are those that the server listens on and trusts.
	if rest := strings.NewReplacer(s.Addr, "", "127.0.0.0/8", "").Replace(log); strings.Contains(rest, "127.0.0.") {
		t.Errorf("the log contains an address:\n%s", rest)
	}
}

// watches runs tail on the servers of s, with its output going to the log, and returns once tail is connected.
func watches(s *testbed.Site) {
	s.TB.Helper()
	tail, said := s.Command("tail", "--json", "--retry", "--db", s.DB), &testbed.Record{}
	tail.Stdout, tail.Stderr = s.Wrote, said
	if err := tail.Start(); err != nil {
		s.TB.Fatal(err)
	}
	s.TB.Cleanup(func() {
		tail.Process.Kill()
		tail.Wait()
	})
	testbed.Eventually(s.TB, "tail is connected", func() bool { return strings.Contains(said.String(), "connected") })
}

// asksAll writes everything that the admin socket answers, metrics and lists, to the log.
func asksAll(s *testbed.Site) {
	s.TB.Helper()
	socket := admin.NewClient(s.DB + ".sock")
	for _, path := range []string{"/metrics", "/history", "/sessions", "/networks", "/queue", "/pairs", "/about", "/readyz"} {
		answer, err := socket.Stream(testbed.Step(s.TB), http.MethodGet, path)
		if err == nil {
			_, err = io.Copy(s.Wrote, answer)
			answer.Close()
		}
		if err != nil {
			s.TB.Errorf("%s: %v", path, err)
		}
	}
}

// showsNetwork requires that the log, which has everything that the admin socket and tail said, names the network of the clients
// by a tag, and returns that. It writes what status, sessions and networks print to the log.
func showsNetwork(s *testbed.Site, options client.Options) (tag string) {
	s.TB.Helper()
	var found admin.NetworksAnswer
	if err := admin.NewClient(s.DB+".sock").Get(testbed.Step(s.TB), "/networks", &found); err != nil || len(found.Networks) != 1 {
		s.TB.Fatalf("%+v, %v; want one network", found, err)
	}
	tag = found.Networks[0].Network
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"sessions"}, {"sessions", "--json"}, {"networks"}, {"networks", "--json"}} {
		command := s.Command(append(args, "--db", s.DB)...)
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), tag) {
			s.TB.Errorf("%q: %v, without the tag %s:\n%s", args, err, tag, out)
		}
		s.Wrote.Write(out)
	}
	options.NoAuth = true
	testbed.Eventually(s.TB, "tail names the network", func() bool {
		c, err := client.Dial(testbed.Step(s.TB), "ws://"+s.Addr, options)
		testbed.Must(s.TB, err)
		c.Drop()
		return strings.Contains(s.Wrote.String(), `"network":"`+tag+`"}`+"\n") // the end of the event of an upgrade
	})
	return tag
}

// strangers are clients that fail the handshake, each marked by something.
func strangers(s *testbed.Site, options client.Options, marks marks) {
	unknown := options
	unknown.APIKey = s.Key
	unknown.Resume = &client.State{
		SessionID: "cm1_" + marks.add("unknown session ID"), Epoch: marks.add("epoch"), Partner: marks.add("partner"),
	}
	p := &testbed.Person{TB: s.TB, Site: s, Name: "stranger"}
	p.Dial(unknown)
	if m := p.Greet(); m.Code != "unknown" {
		s.TB.Errorf("%+v", m)
	}
	p.Expect("session_id")
	marks.session("a stranger's", p)
	wrong := options
	wrong.APIKey = marks.add("wrong key")
	p.Dial(wrong)
	p.Expect("auth_error")
	p.Drain(nil)
	unknown.Resume = nil
	p.Dial(unknown)
	p.Check(p.SendRaw([]byte(marks.add("frame that is not UTF-8") + "\xff")))
	p.Drain(nil)
	origin := options
	origin.Origin = "https://" + strings.ToLower(marks.add("origin")) + ".example"
	marks["origin"] = origin.Origin
	if _, err := client.Dial(testbed.Step(s.TB), "ws://"+s.Addr+"/"+marks.add("path"), origin); err == nil {
		s.TB.Error("a foreign origin was accepted")
	}
	talksRubbish(s, marks.add("request"))
}

// sends sends texts, and images as images.
func sends(p *testbed.Person, bodies ...string) {
	p.TB.Helper()
	for _, body := range bodies {
		send := p.Send
		if strings.HasPrefix(body, "data:") {
			send = p.SendImage
		}
		_, err := send(body)
		p.Check(err)
	}
}

// receives requires these texts and images next.
func receives(p *testbed.Person, bodies ...string) {
	p.TB.Helper()
	for i, body := range bodies {
		if m := p.Expect("message"); m.Text+m.ImageURL != body {
			p.TB.Errorf("%s: body %d of %d is %s", p.Name, i, len(bodies), client.Describe(&m))
		}
	}
}

// copies makes a copy of the database next to it, as a backup does.
func copies(s *testbed.Site, name string) {
	s.TB.Helper()
	copied := exec.CommandContext(testbed.Step(s.TB), testbed.Shell(s.TB), "-readonly", s.DB, "VACUUM INTO '"+filepath.Join(s.Dir, name)+"'")
	if out, err := copied.CombinedOutput(); err != nil {
		s.TB.Fatalf("back up: %v: %s", err, out)
	}
}

// holdsNone requires that no mark is in the log or in any file of the site. The server MUST have exited.
func holdsNone(s *testbed.Site, marks marks) {
	s.TB.Helper()
	wrote := filesOf(s)
	wrote["the log"] = s.Wrote.String()
	for where, text := range wrote {
		for what, mark := range marks {
			if strings.Contains(text, mark) {
				s.TB.Errorf("%s contains the %s, %q", where, what, mark)
			}
		}
	}
}

// filesOf returns the contents of every file of the site.
func filesOf(s *testbed.Site) map[string]string {
	s.TB.Helper()
	wrote := map[string]string{}
	files, err := filepath.Glob(filepath.Join(s.Dir, "*"))
	if err != nil || len(files) < 2 {
		s.TB.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Lstat(file)
		if err != nil {
			s.TB.Fatal(err)
		}
		if info.Mode()&os.ModeSocket == 0 { // a killed server leaves its admin socket behind
			wrote[filepath.Base(file)] = string(testbed.MustRead(s.TB, file))
		}
	}
	return wrote
}

// talksRubbish sends data that is not HTTP and waits until the server closes the connection.
func talksRubbish(s *testbed.Site, mark string) {
	s.TB.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		s.TB.Fatal(err)
	}
	defer conn.Close()
	if deadline, ok := testbed.Step(s.TB).Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, "GET /"+mark+" HTTP/1.1\r\n"+mark+"\r\n\r\n"); err != nil {
		s.TB.Fatal(err)
	}
	io.Copy(io.Discard, conn) // an error means the same as the end
}
