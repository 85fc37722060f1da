package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/testbed"
)

const (
	attackSockets     = 2100
	attackDescriptors = 2000 // the limit of the server: fewer than attackSockets
	goneWithin        = 20 * time.Second
)

// attackWay is one way to attack.
type attackWay struct {
	first, more string // more is sent ten times a second
	times       int    // first is sent this many times, and answers are not read for a while; 0: once
}

// attackWays are ways to keep a connection open without an upgrade; internal/server has more of them.
var attackWays = map[string]attackWay{
	"nothing":               {},
	"a drip of a header":    {first: "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", more: "a"},
	"POST without its body": {first: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"},
	"half a chunk":          {first: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
	"GET with a body":       {first: "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"},
	"an idle connection":    {first: "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"},
	"answers not read":      {first: "GET /chatme.js HTTP/1.1\r\nHost: x\r\n\r\n", times: 200, more: "\r\n"},
}

// testHalfRequests: 2,100 connections of each kind, without a complete request, must not hold descriptors. Chatting and
// arriving clients notice little, and all these connections are closed within 20 s. Known defect: the connections took
// every descriptor and kept it indefinitely.
func testHalfRequests(t *testing.T, s *testbed.Site) {
	s.First = fmt.Sprintf("ulimit -n %d", attackDescriptors)
	s.Start()
	pairs := []couple{{s.Join("a", client.Options{}), s.Join("b", client.Options{})}, {s.Join("c", testbed.OldOptions), s.Join("d", testbed.OldOptions)}}
	for _, p := range pairs {
		testbed.Meet(p[0], p[1])
	}
	round := 0
	honest := func() time.Duration { // the chatting clients, and two that arrive and leave
		began := time.Now()
		for _, p := range pairs {
			testbed.Talk(p[0], p[1])
		}
		round++
		e, f := s.Join(fmt.Sprintf("e%d", round), client.Options{}), s.Join(fmt.Sprintf("f%d", round), testbed.OldOptions)
		testbed.Meet(e, f)
		testbed.Talk(e, f)
		e.Leave()
		f.Await("partner_disconnected")
		f.Leave()
		return time.Since(began)
	}
	// The time of a round while the same wave hits a listener that does nothing.
	trip := during(calibration(t), honest)

	s.Attacked = true
	var all sync.WaitGroup
	worst, source := time.Duration(0), byte(1)
	for name, way := range attackWays {
		source++
		wave := newAttack(t, s, attackSockets, source)
		all.Go(func() { wave.run(way) })
		worst = max(worst, during(wave, honest))
		runs(s, exit.OK, "status", "--db", s.DB)
		runs(s, exit.OK, "backup", "--db", s.DB, fmt.Sprintf("backup%d.db", source))
		if gone := wave.took(); gone > goneWithin {
			t.Errorf("%s: a connection stayed open for %v", name, gone)
		}
	}
	all.Wait()
	s.Says(`"level":"WARN","msg":"too many connections that have not authenticated, closed the oldest"`)
	honest()
	t.Logf("an honest round took at most %v during an attack on a bare listener, and %v during one on this server", trip, worst)
	// Each of the two arriving clients is queued behind 2,100 others, which make room for each other by the hundreds in
	// half a second.
	if limit := pace.Of(3*time.Second) + 10*trip; worst > limit {
		t.Errorf("an honest round took %v, want at most %v", worst, limit)
	}
}

// calibration is a wave against a listener with room for all connections.
func calibration(t *testing.T) *attack {
	sink, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	wave := newAttack(t, &testbed.Site{Addr: sink.Addr().String()}, attackSockets, 1)
	go func() {
		defer sink.Close()
		for range attackSockets {
			conn, err := sink.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	}()
	go wave.run(attackWay{})
	return wave
}

// during repeats a round until all sockets of a wave were opened, and once more. It returns the duration of the
// longest.
func during(wave *attack, round func() time.Duration) (longest time.Duration) {
	for there := false; ; {
		longest = max(longest, round())
		if there {
			return longest
		}
		select {
		case <-wave.there:
			there = true
		default:
		}
	}
}

// attack is one wave of sockets from one address.
type attack struct {
	tb    testing.TB
	site  *testbed.Site
	size  int
	from  net.Dialer
	there chan struct{} // closed once all sockets were opened
	over  chan struct{} // closed once all are closed

	mu      sync.Mutex
	longest time.Duration
}

// newAttack uses its own source address on this machine, because ports run out.
func newAttack(tb testing.TB, s *testbed.Site, size int, source byte) *attack {
	return &attack{
		tb: tb, site: s, size: size, there: make(chan struct{}), over: make(chan struct{}),
		from: net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, source)}, Timeout: testbed.StepTimeout},
	}
}

// run opens all sockets at once, and returns when the last is closed.
func (a *attack) run(way attackWay) {
	defer close(a.over)
	var opened, gone sync.WaitGroup
	opened.Add(a.size)
	for range a.size {
		gone.Go(func() {
			began := time.Now()
			conn, err := a.from.DialContext(a.tb.Context(), "tcp", a.site.Addr)
			opened.Done()
			if err != nil {
				return // also fine
			}
			defer conn.Close()
			conn.SetDeadline(began.Add(3 * goneWithin))
			if way.times > 0 {
				conn.(*net.TCPConn).SetReadBuffer(4 << 10) // so that it fills up soon
			}
			if a.site.TLS != nil {
				secure := a.site.TLS.Clone()
				secure.ServerName = "127.0.0.1"
				conn = tls.Client(conn, secure)
			}
			stay(conn, way)
			a.mu.Lock()
			defer a.mu.Unlock()
			a.longest = max(a.longest, time.Since(began))
		})
	}
	opened.Wait()
	close(a.there)
	gone.Wait()
}

// took returns how long the longest socket stayed open.
func (a *attack) took() time.Duration {
	<-a.over
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.longest
}

// unreadFor is how long answers are not read. A server that has closed by then still owes what the system holds of
// them.
const unreadFor = 15 * time.Second

// stay sends its data and returns once the server has closed conn.
func stay(conn net.Conn, way attackWay) {
	_, err := io.WriteString(conn, strings.Repeat(way.first, max(way.times, 1)))
	end := time.Now().Add(unreadFor)
	for tick := time.NewTicker(100 * time.Millisecond); way.more != "" && err == nil && (way.times == 0 || time.Now().Before(end)); <-tick.C {
		_, err = io.WriteString(conn, way.more)
	}
	if err == nil {
		io.Copy(io.Discard, conn)
	}
}

// testAcceptFails: the server logs a warning when no descriptor is left, and accepts connections again once there are
// some. Known defect: it logged nothing.
func testAcceptFails(t *testing.T, s *testbed.Site) {
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", testbed.OldOptions)
	testbed.Meet(a, b)
	pid := server.Cmd.Process.Pid
	var before unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 1, Max: before.Max} // the open ones stay
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &none, nil); err != nil {
		t.Fatal(err)
	}
	early, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	s.Says(`"level":"WARN","msg":"accept failed, retrying","error":"accept tcp `)
	s.Says("too many open files")
	testbed.Talk(a, b)
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	c, d := s.Join("c", client.Options{}), s.Join("d", testbed.OldOptions)
	testbed.Meet(c, d)
	testbed.Talk(c, d)
}
