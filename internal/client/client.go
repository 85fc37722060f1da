package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// Options configure a connection. The zero value is a new resumable session with an empty key.
type Options struct {
	APIKey string
	Legacy bool   // speak the base protocol: no resume in auth, no numbers, no acknowledgements
	Resume *State // resume this session; nil: a new one

	Origin    string      // header Origin; "" sends none, as apps do
	Header    http.Header // further headers of the upgrade
	LocalAddr string      // dial from this address (host or host:port); "" leaves it to the system
	TLS       *tls.Config // for wss://; nil trusts the system's authorities

	NoAuth bool               // send nothing unasked, not even auth
	Mute   bool               // do not answer pings, like a peer that vanished
	Queued bool               // write as OkHttp does; see "Queued writing" in the package comment
	Slowly func(read int)     // called by the read loop after each small read; it may block, which makes a slow reader
	Ponged func(behind int)   // called before a numbered pong is written, with the number of messages before its ping
	NoText bool               // errors do not quote texts, which strangers may have written
	Buffer int                // messages read ahead of Recv; 0 is DefaultBuffer
	Tap    func(frame []byte) // called by the read loop with each raw frame; MUST NOT keep it
}

const (
	// DefaultBuffer is how many messages are read ahead of Recv.
	DefaultBuffer = 256

	dialTimeout  = 10 * time.Second // of a Dial whose context has no deadline
	writeTimeout = 10 * time.Second
	// closeGrace is how long Close waits for the server's answer.
	closeGrace = 2 * time.Second
	// socketBuffer keeps thousands of clients in one process small; larger frames go around it.
	socketBuffer = 1 << 10
)

// Client is one socket. It is safe for concurrent use, but messages arrive in order only if a single goroutine receives.
type Client struct {
	opts Options // static after Dial
	ws   *websocket.Conn

	in    chan protocol.ServerMessage // buffer Options.Buffer; sent and closed by the read loop
	cut   chan struct{}               // closed by Drop: the read loop no longer waits for room in the buffer
	drop  sync.Once                   // closes cut
	done  chan struct{}               // closed by the read loop as it ends
	pongs chan string                 // buffer 1; sent by the read loop: what the last pong carried; never closed
	queue *queue                      // for Options.Queued; nil without it
	gone  atomic.Bool                 // Vanish was called

	writing sync.Mutex // one writer at a time; taken before mu

	mu    sync.Mutex
	state State
	heard []string // the last messages taken, for errors
	read  uint64   // messages the read loop has sent to in
	taken uint64   // … and Recv has taken from in
	pings []ping   // unanswered, in order
	end   *CloseError
}

// RefusedError is an upgrade that the server refused.
type RefusedError struct {
	Status int
	Body   string // its beginning
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("upgrade refused: %d %s", e.Status, e.Body)
}

// Dial connects to url, ws:// or http:// alike, and sends auth without waiting for the answer. ctx bounds the
// connecting, not the life of the Client. The error is a *RefusedError if the server answered but did not upgrade, a
// *CloseError if it closed the socket before auth could be sent.
func Dial(ctx context.Context, url string, o Options) (*Client, error) {
	if o.Buffer <= 0 {
		o.Buffer = DefaultBuffer
	}
	dialer := websocket.Dialer{
		HandshakeTimeout: dialTimeout,
		ReadBufferSize:   socketBuffer,
		WriteBufferSize:  socketBuffer,
		TLSClientConfig:  o.TLS,
	}
	if _, bounded := ctx.Deadline(); bounded {
		dialer.HandshakeTimeout = 0
	}
	if o.LocalAddr != "" || o.Slowly != nil {
		dial, err := o.dial()
		if err != nil {
			return nil, err
		}
		dialer.NetDialContext = dial
	}
	header := o.Header.Clone()
	if o.Origin != "" {
		if header == nil {
			header = http.Header{}
		}
		header.Set("Origin", o.Origin)
	}
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		url = "ws" + rest
	}
	ws, response, err := dialer.DialContext(ctx, url, header)
	if err != nil {
		return nil, refused(response, err)
	}
	c := &Client{
		opts: o, ws: ws,
		in:  make(chan protocol.ServerMessage, o.Buffer),
		cut: make(chan struct{}), done: make(chan struct{}), pongs: make(chan string, 1),
	}
	c.opts.Resume = nil
	if o.Resume != nil {
		c.state = o.Resume.clone()
	}
	if o.Queued {
		c.queue = newQueue()
		go c.writeLoop()
	}
	ws.SetPingHandler(c.pinged)
	ws.SetPongHandler(c.ponged)
	go c.readLoop()
	if o.NoAuth {
		return c, nil
	}
	if err := c.auth(o.Resume); err != nil {
		c.Drop()
		<-c.done
		if end := c.CloseErr(); end.Code != CloseLost {
			return nil, end
		}
		return nil, err
	}
	return c, nil
}

// dial returns a dial function that connects from LocalAddr and reads Slowly.
func (o *Options) dial() (func(ctx context.Context, network, addr string) (net.Conn, error), error) {
	var dialer net.Dialer
	if o.LocalAddr != "" {
		local, err := localAddr(o.LocalAddr)
		if err != nil {
			return nil, err
		}
		dialer.LocalAddr = local
	}
	if o.Slowly == nil {
		return dialer.DialContext, nil
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return newSlowConn(conn, o.Slowly), nil
	}, nil
}

func localAddr(addr string) (*net.TCPAddr, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(addr, "0")
	}
	local, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("local address: %w", err)
	}
	return local, nil
}

// refused makes a RefusedError of an answer that is not 101.
func refused(response *http.Response, err error) error {
	if response == nil {
		return fmt.Errorf("dial: %w", err)
	}
	// The dialer has kept the beginning of the body and closed the rest.
	body, _ := io.ReadAll(response.Body)
	return &RefusedError{Status: response.StatusCode, Body: strings.TrimSpace(string(body))}
}

// Resume returns the options for reconnecting: those of this Client and its State. A legacy client, or a session that
// never existed or has ended, starts a new session.
func (c *Client) Resume() Options {
	o := c.opts
	if s := c.State(); !o.Legacy && (s.SessionID != "" || s.Asked) {
		o.Resume = &s
	}
	return o
}
