package probe

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/remote"
	"chatme/internal/stage"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

func probeTree() any {
	return &struct {
		Probe Cmd `cmd:""`
	}{}
}

// probed runs the probe and returns its JSON object.
func probed(t *testing.T, s *inside.Running, addr string, args ...string) (code int, found summary) {
	t.Helper()
	code, stdout, stderr := s.Chatme(t.Context(), probeTree(), append([]string{"probe", "ws://" + addr, "--json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &found); err != nil {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	for _, key := range []string{inside.WebTestKey, inside.MobileTestKey} {
		if strings.Contains(stdout+stderr, key) {
			t.Errorf("a key is printed: %s%s", stdout, stderr)
		}
	}
	if found.OK != (code == exit.OK) || len(found.Steps) != found.Passed+found.Failed+found.Busy+found.NotReached+found.NotOffered {
		t.Errorf("exit code %d and %+v", code, found)
	}
	return code, found
}

// outcomes lists the steps with this outcome.
func (s *summary) outcomes(of probeOutcome) []string {
	var steps []string
	for _, r := range s.Steps {
		if r.Outcome == of {
			steps = append(steps, r.Step)
		}
	}
	return steps
}

func TestProbePasses(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t)
	code, stdout, stderr := s.Chatme(t.Context(), probeTree(), "probe", "http://"+s.Addr)
	if code != exit.OK || stderr != "" || !strings.Contains(stdout, "\nAll 44 steps passed in ") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	// With one key for both clients on the command line, another allowed origin, and a path.
	code, found := probed(t, s, s.Addr+"/a/path", "--api-key", inside.WebTestKey, "--origin", "http://localhost:5173")
	if code != exit.OK || found.Passed != 44 {
		t.Errorf("exit code %d, %+v", code, found)
	}
}

// Each case is a fault of a server, or of what is in front of it, that the step for it reports.
func TestProbeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]probeCase{
		"the page's own origin is refused": {(*probe).handshake, tamper{origin: func(string) string { return "http://elsewhere.example" }},
			"a page at ", "proxy_set_header Host"},
		"any origin is accepted": {(*probe).handshake, tamper{origin: func(string) string { return "http://localhost:5173" }},
			"a page at another origin is refused with 403", "check whether the proxy drops or rewrites Origin"},
		"the upgrade is dropped": {(*probe).handshake, tamper{answers: func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusUpgradeRequired)
			return true
		}}, "OPTIONS", ""},
		"only a page": {(*probe).handshake, tamper{answers: func(http.ResponseWriter, *http.Request) bool { return true }},
			"a handshake without an upgrade gets 426", "got 200"},
		"a wrong key is closed in another way":     {(*probe).handshake, tamper{close: [2]int{4001, 1008}}, "search before auth", "closed 1008"},
		"auth_error is not sent":                   {(*probe).handshake, tamper{toClient: without("auth_error")}, "search before auth", "closed 4001"},
		"auth_success is not sent":                 {(*probe).legacyClients, tamper{toClient: without("auth_success")}, "web: auth and search", "got searching"},
		"searching is not sent":                    {(*probe).legacyClients, tamper{toClient: without("searching")}, "web: auth and search", "not within"},
		"matched is not sent":                      {(*probe).legacyClients, tamper{toClient: without("matched")}, "mobile: search", "two clients are waiting and are not matched"},
		"typing is not forwarded":                  {(*probe).legacyClients, tamper{toServer: without("typing_start")}, "mobile: search", "typing is not forwarded"},
		"matched names no partner":                 {(*probe).legacyClients, tamper{toClient: replacing("partnerId", "partner")}, "mobile: search", "does not name the partner"},
		"messages are lost":                        {(*probe).legacyClients, tamper{toServer: without("message")}, "a text from web to mobile", "not within"},
		"texts are changed":                        {(*probe).legacyClients, tamper{toClient: replacing("äöü", "aou")}, "a text from web to mobile", "the text differs"},
		"messages have no sender":                  {(*probe).legacyClients, tamper{toClient: replacing(`"from"`, `"by"`)}, "a text from web to mobile", "from is"},
		"legacy clients get unknown members":       {(*probe).legacyClients, tamper{toClient: replacing(`"from"`, `"n":1,"from"`)}, "a text from web to mobile", "legacy client"},
		"images are changed":                       {(*probe).legacyClients, tamper{toClient: replacing("R0lGOD", "AAAAAA")}, "an image from mobile", "the image is not"},
		"pings are not answered":                   {(*probe).legacyClients, tamper{toServer: without("ping")}, "ping gets", "not within"},
		"WebSocket pings do not pass":              {(*probe).legacyClients, tamper{mute: true}, "a WebSocket ping gets", "not within"},
		"malformed frames are not ignored":         {(*probe).legacyClients, tamper{toServer: repeating(`"mess`)}, "a malformed frame", "closed 1008"},
		"the partner is not told of Next":          {(*probe).legacyClients, tamper{toClient: without("partner_disconnected")}, "web: search in a chat", "mobile"},
		"end_chat is not answered":                 {(*probe).legacyClients, tamper{toClient: without("chat_ended")}, "end_chat gets", ""},
		"the chat ends with another close code":    {(*probe).legacyClients, tamper{close: [2]int{1000, 1001}}, "end_chat gets", "want close 1000"},
		"session_id is incomplete":                 {(*probe).resumableClients, tamper{toClient: replacing(`"windowMs"`, `"window"`)}, "auth with resume", "session_id is incomplete: it needs"},
		"messages are never acknowledged":          {(*probe).resumableClients, tamper{toClient: without("ack")}, "numbered messages", "not within"},
		"more is acknowledged than possible":       {(*probe).resumableClients, tamper{toClient: replacing(`"delivered":1`, `"delivered":9`)}, "numbered messages", "ack has"},
		"partner_away is not sent":                 {(*probe).resumableClients, tamper{toClient: without("partner_away")}, "one client loses its socket, and the other gets partner_away", "not within"},
		"partner_away without a time":              {(*probe).resumableClients, tamper{toClient: replacing(`"untilMs"`, `"until"`)}, "one client loses its socket, and the other gets partner_away", "no untilMs"},
		"a stored message is lost":                 {(*probe).resumableClients, tamper{toClient: dropping("second line 3")}, "resume gets the same chat", "the text differs"},
		"the chat is lost":                         {(*probe).resumableClients, tamper{toClient: replacing(`"state":"matched"`, `"state":"idle"`)}, "resume gets the same chat", "a different chat"},
		"replay is wrong":                          {(*probe).resumableClients, tamper{toClient: replacing(`"replay":3`, `"replay":2`)}, "resume gets the same chat", "3 were stored"},
		"partner_back is not sent":                 {(*probe).resumableClients, tamper{toClient: without("partner_back")}, "resume gets the same chat", ""},
		"the first socket gets another close code": {(*probe).resumableClients, tamper{close: [2]int{4409, 4410}}, "a second socket takes over", "closed 4410"},
		"the tail is lost":                         {(*probe).resumableClients, tamper{toClient: replacing(`"replay":1`, `"replay":0`)}, "resume gets the message, and partner_back", "1 were stored"},
		"an ended chat is not reported as such":    {(*probe).resumableClients, tamper{toClient: replacing(`"state":"ended"`, `"state":"idle"`)}, "resume after the chat ended", "the chat ended"},
		"ended sessions resume":                    {(*probe).resumableClients, tamper{toClient: replacing("resume_failed", "resumed")}, "resume of an ended session", "want resume_failed"},
		"another epoch is not noticed":             {(*probe).resumableClients, tamper{toServer: replacing("00000000000000000000000000000000", "")}, "resume with another epoch", "want resumed with gap"},
	}
	names := make(chan string)
	go func() {
		defer close(names)
		for name := range tests {
			names <- name
		}
	}()
	var workers sync.WaitGroup
	var mu sync.Mutex
	found := map[string]summary{}
	for range 16 { // most of the time is spent waiting for frames that do not come
		s := inside.RunServer(t)
		workers.Go(func() {
			for name := range names {
				summary := tests[name].play(t, s)
				mu.Lock()
				found[name] = summary
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			steps := found[name].Steps
			i := slices.IndexFunc(steps, func(r probeResult) bool { return r.Outcome == probeFailed })
			if i < 0 {
				t.Fatalf("nothing fails: %+v", steps)
			}
			if got := steps[i]; !strings.HasPrefix(got.Step, tt.failed) || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("%q fails: %s; want %q: %q", got.Step, got.Detail, tt.failed, tt.detail)
			}
		})
	}
}

// probeCase is a fault, and the first step that fails because of it.
type probeCase struct {
	part   func(*probe) probePart
	tamper tamper
	failed string
	detail string
}

// play plays the part that the case is about.
func (c probeCase) play(tb testing.TB, s *inside.Running) summary {
	p := c.tamper.prober(tb, s)
	p.play(tb.Context(), c.part(p))
	return p.report.summary
}

// prober returns a probe of s through the tampering proxy.
func (m tamper) prober(tb testing.TB, s *inside.Running) *probe {
	to := remote.Deployment{Host: m.front(tb, s.Addr), Path: "/"}
	p := &probe{to: to, origin: to.Origin(), keys: probeKeys{inside.WebTestKey, inside.MobileTestKey}, timeout: pace.Of(2 * time.Second)}
	p.report = newProbeReport(&Cmd{Timeout: p.timeout, JSON: true}, to, io.Discard)
	return p
}

// A server with only the base protocol is not reported as broken.
func TestProbeOfAServerWithoutResume(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t)
	old := tamper{toServer: replacing(`,"resume":{"v":1}`, "")}
	code, stdout, stderr := s.Chatme(t.Context(), probeTree(), "probe", "ws://"+old.front(t, s.Addr))
	if code != exit.OK || !strings.Contains(stdout, "23 steps passed, 21 not offered by this server in ") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

// With images disabled, the probe says so and continues.
func TestProbeWithoutImages(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t, "CHATME_IMAGES=off")
	code, found := probed(t, s, s.Addr)
	if got := found.outcomes(probeNotOffered); code != exit.OK || len(got) != 2 || !strings.HasPrefix(got[0], "an image") {
		t.Errorf("exit code %d, not offered: %q", code, got)
	}
}

// passer is a stranger that searches while the server is probed, and what it received.
type passer struct {
	socket *client.Client
	heard  []string // types of messages, without typing
	ended  chan struct{}
}

// passes starts a stranger that searches and stays for this many chats.
func passes(t *testing.T, s *inside.Running, chats int) *passer {
	t.Helper()
	c, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, client.Options{APIKey: inside.WebTestKey, Legacy: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &passer{socket: c, ended: make(chan struct{})}
	if err := c.Search(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Await(testbed.Step(t), "searching"); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		for {
			m, err := c.Recv(context.Background())
			if err != nil {
				return
			}
			if m.Type != "typing_stop" {
				p.heard = append(p.heard, m.Type)
			}
			if m.Type == "matched" {
				c.Send("a private word")
			}
			if m.Type == "partner_disconnected" {
				if chats--; chats == 0 {
					c.End()
				}
			}
		}
	}()
	t.Cleanup(func() { c.Drop(); <-p.ended })
	return p
}

// A stranger that waits for a partner only sees that a client of the probe came and left, and the probe continues without it.
func TestProbeLeavesAStrangerWithoutAWord(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t)
	p := passes(t, s, 1)
	code, stdout, stderr := s.Chatme(t.Context(), probeTree(), "probe", "ws://"+s.Addr)
	if code != exit.OK || !strings.Contains(stdout, "matched with a stranger that was waiting; left without sending a message (1 of 4)") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, "private") {
		t.Errorf("the stranger's message is printed: %s", stdout)
	}
	<-p.ended
	if want := []string{"matched", "partner_disconnected", "chat_ended"}; !slices.Equal(p.heard, want) {
		t.Errorf("the stranger received %q, want %q", p.heard, want)
	}
}

func TestProbeOfABusyDeployment(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	s := inside.RunServer(t, "CHATME_REMATCH_AFTER=1ms")
	p := passes(t, s, 100)
	code, stdout, stderr := s.Chatme(t.Context(), probeTree(), "probe", "ws://"+s.Addr)
	if code != exit.Failure || !strings.Contains(stdout, "  busy ") || !strings.Contains(stderr, "is busy: other clients are waiting for a partner there") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	p.socket.Drop()
	<-p.ended
	for _, heard := range p.heard {
		if heard != "matched" && heard != "partner_disconnected" {
			t.Errorf("the stranger received %q", heard)
		}
	}
}

// An interrupted probe says so, and leaves no session behind.
func TestProbeInterrupted(t *testing.T) {
	t.Parallel()
	s := inside.RunServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop := tamper{toServer: func(frame string) []string {
		if strings.Contains(frame, "typing_start") {
			cancel()
		}
		return []string{frame}
	}}
	code, stdout, stderr := s.Chatme(ctx, probeTree(), "probe", "ws://"+stop.front(t, s.Addr))
	if code != exit.Failure || !strings.Contains(stdout, "not reached") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	left, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, client.Options{APIKey: inside.WebTestKey, Legacy: true})
	if err != nil {
		t.Fatal(err)
	}
	defer left.Drop()
	left.Search()
	soon, enough := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer enough()
	if m, err := left.Await(soon, "matched"); err == nil {
		t.Errorf("a session of the probe is still waiting: %+v", m)
	}
}
