package e2e

import (
	"bufio"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

const (
	handOverCouples = 50  // of resumable clients that stay in their chats
	handOverGuests  = 100 // legacy clients that come and go
	handOverWaiting = 60  // this many of them wait in the listener's queue before it has a server again
)

// testHandOver holds the listeners, as systemd does, and passes them from one server to the next while clients keep
// connecting. No client is refused, every resumable chat continues, and a request on the Unix socket waits for its answer.
func testHandOver(t *testing.T, s *testbed.Site) {
	socket := hold(s)
	server, _ := s.Start()
	h := &handOver{site: s}
	h.ctx, h.over = context.WithCancel(t.Context())
	var people []*stayer
	for i := range handOverCouples {
		a, b := s.Join(fmt.Sprintf("a%d", i), client.Options{}), s.Join(fmt.Sprintf("b%d", i), client.Options{})
		testbed.Meet(a, b)
		people = append(people, &stayer{Client: a.Client, name: a.Name, partner: b.Name}, &stayer{Client: b.Client, name: b.Name, partner: a.Name})
	}
	for _, p := range people {
		h.run(func() error { return p.stay(h) })
	}
	for range handOverGuests {
		h.run(h.visits)
	}
	for range testbed.InSoak(50, 3) {
		before := h.came.Load()
		testbed.Eventually(t, "guests come and go", func() bool { return h.came.Load() > before+handOverGuests })
		if code, took := server.Terminate(); code != exit.OK || took > server.Stops {
			t.Errorf("SIGTERM: exit code %d after %v", code, took)
		}
		testbed.Eventually(t, "guests wait for a server", func() bool { return h.dialing.Load() >= handOverWaiting })
		local := asks(t, socket)
		server, _ = s.Start()
		testbed.Must(t, answered(local))
		heard := map[*stayer]int64{}
		for _, p := range people {
			heard[p] = p.heard.Load()
		}
		for p, before := range heard {
			testbed.Eventually(t, "the chat of "+p.name+" continues", func() bool { return p.heard.Load() > before+2 })
		}
	}
	h.over()
	h.running.Wait()
	if resumed := h.resumed.Load(); resumed < 2*handOverCouples*3 {
		t.Errorf("%d chats were resumed", resumed)
	}
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

// hold opens the listeners that the servers of s share, which stay open between them: a port, and a Unix socket at the path
// that it returns.
func hold(s *testbed.Site) (path string) {
	s.TB.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	testbed.Must(s.TB, err)
	s.Addr = port.Addr().String()
	path = filepath.Join(s.Dir, "http.sock")
	local, err := net.Listen("unix", path)
	testbed.Must(s.TB, err)
	local.(*net.UnixListener).SetUnlinkOnClose(false)
	for _, listener := range []net.Listener{port, local} {
		file, err := listener.(interface{ File() (*os.File, error) }).File()
		testbed.Must(s.TB, err)
		listener.Close() // the file is a copy
		s.Holds = append(s.Holds, file)
		s.TB.Cleanup(func() { file.Close() })
	}
	return path
}

const healthRequest = "GET /healthz HTTP/1.1\r\nHost: chatme\r\nConnection: close\r\n\r\n"

// asks sends a request on a Unix socket.
func asks(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	testbed.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = io.WriteString(conn, healthRequest)
	testbed.Must(t, err)
	return conn
}

// answered returns an error unless the answer on conn is that of a server that is well.
func answered(conn net.Conn) error {
	conn.SetReadDeadline(time.Now().Add(pace.Of(testbed.StepTimeout)))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return err
}

// handOver is clients that connect while one server replaces another.
type handOver struct {
	site    *testbed.Site
	ctx     context.Context // until over is called
	over    func()
	running sync.WaitGroup
	dialing atomic.Int64 // clients without an answer to their upgrade
	came    atomic.Int64 // guests
	resumed atomic.Int64 // chats
}

func (h *handOver) run(one func() error) {
	h.running.Go(func() {
		if err := one(); err != nil && h.ctx.Err() == nil {
			h.site.TB.Error(err)
		}
	})
}

// dial connects. A refused or cut connection is an error, because the listener stays open. A restarting server accepts
// the client and tells it to reconnect.
func (h *handOver) dial(o client.Options) (*client.Client, error) {
	h.dialing.Add(1)
	defer h.dialing.Add(-1)
	o.APIKey = h.site.Key
	for {
		c, err := client.Dial(h.ctx, h.site.URL(), o)
		if err == nil || h.restarts(protocol.ServerMessage{}, err) != nil {
			return c, err
		}
	}
}

// visits connects repeatedly as a legacy client does: auth and search in one burst, then a moment, then disconnect.
func (h *handOver) visits() error {
	for h.ctx.Err() == nil {
		c, err := h.dial(client.Options{Legacy: true})
		if err != nil {
			return err
		}
		c.Search() // an error here means that the socket is ending
		if err := h.restarts(c.Greet(h.ctx)); err != nil {
			return fmt.Errorf("a guest: %w", err)
		}
		h.came.Add(1)
		moment, cancel := context.WithTimeout(h.ctx, time.Duration(50+rand.N(200))*time.Millisecond)
		c.Await(moment, "nothing that comes")
		cancel()
		c.Drop()
	}
	return nil
}

// restarts returns nil if err comes from a server that announced its restart.
func (h *handOver) restarts(_ protocol.ServerMessage, err error) error {
	if end, ok := errors.AsType[*client.CloseError](err); ok && end.Code == protocol.CloseRestart {
		return nil
	}
	return err
}

// stayer is a resumable client that stays in its chat, and answers each message with one.
type stayer struct {
	*client.Client
	name, partner string
	said          int
	heard         atomic.Int64 // messages from its partner
}

// stay chats until the end, and resumes whenever the server restarts.
func (p *stayer) stay(h *handOver) error {
	p.say()
	for {
		m, err := p.Recv(h.ctx)
		switch {
		case err != nil:
			if err = h.restarts(m, err); err == nil {
				err = p.comeBack(h)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		case m.Type == "message":
			if want := fmt.Sprintf("%s says %d", p.partner, p.heard.Load()+1); m.Text != want {
				return fmt.Errorf("%s: wants %q but got %s", p.name, want, client.Describe(&m))
			}
			p.heard.Add(1)
			p.Ack()
			p.say()
		case m.Type != "ack" && m.Type != "partner_away" && m.Type != "partner_back":
			return fmt.Errorf("%s: received in its chat: %s", p.name, client.Describe(&m))
		}
	}
}

// say sends the next message. An error means that the socket is ending, and the copy is sent later.
func (p *stayer) say() {
	p.said++
	p.Send(fmt.Sprintf("%s says %d", p.name, p.said))
}

// comeBack resumes the chat, which must be the same one.
func (p *stayer) comeBack(h *handOver) error {
	was := p.State().Partner
	c, err := h.dial(p.Resume())
	if err != nil {
		return err
	}
	p.Drop()
	p.Client = c
	m, err := c.Greet(h.ctx)
	if err != nil {
		return h.restarts(m, err) // Recv will report it again
	}
	if m.Type != "resumed" || m.State != "matched" || m.PartnerID != was {
		return fmt.Errorf("was in a chat, but resumed to %s", client.Describe(&m))
	}
	h.resumed.Add(1)
	c.Resend() // an error here means that the socket is ending
	return nil
}

// testSocketsRefused passes something other than listeners that the server can use: the error says what to write instead.
func testSocketsRefused(t *testing.T, s *testbed.Site) {
	hold(s)
	packets, err := net.Listen("unixpacket", filepath.Join(s.Dir, "packets"))
	testbed.Must(t, err)
	defer packets.Close()
	abstract, err := net.Listen("unix", "@chatme-"+crand.Text())
	testbed.Must(t, err)
	defer abstract.Close()
	plain, err := os.Open(os.DevNull)
	testbed.Must(t, err)
	defer plain.Close()
	file := func(l net.Listener) *os.File {
		file, err := l.(*net.UnixListener).File()
		testbed.Must(t, err)
		t.Cleanup(func() { file.Close() })
		return file
	}
	for want, socket := range map[string]*os.File{
		"is neither TCP nor a Unix stream socket": file(packets),
		"has no path, and so no permissions":      file(abstract),
		"does not listen":                         plain,
	} {
		bare := *s
		bare.Holds = append(slices.Clone(s.Holds), socket)
		if said := s.Fails(exit.Config, bare.Command("serve", "--db", s.DB)); !strings.Contains(said, want) {
			t.Errorf("want %q, serve printed %q", want, said)
		}
	}
}
