// Command gorilla is a relay on gorilla/websocket as commonly written: for each connection a goroutine that reads and one
// that writes, a channel between them, and buffers of 4 KB.
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"chatme/bench/peers/lobby"

	"github.com/gorilla/websocket"
)

const (
	writeWait  = 10 * time.Second
	pongWait   = 60 * time.Second
	pingPeriod = 25 * time.Second
	maxMessage = 16<<20 + 64<<10
	outbox     = 64
)

var upgrader = websocket.Upgrader{
	ReadBufferSize:  4096,
	WriteBufferSize: 4096,
	CheckOrigin:     func(*http.Request) bool { return true },
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: gorilla HOST:PORT; the key is WEB_API_KEY")
	}
	l := lobby.New(os.Getenv("WEB_API_KEY"))
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		c := &client{ws: ws, send: make(chan frame, outbox), gone: make(chan struct{})}
		go c.write()
		c.read(l.Join(c))
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}

// frame is what the writer sends next.
type frame struct {
	kind int
	data []byte
}

type client struct {
	ws   *websocket.Conn
	send chan frame    // buffer outbox; never closed
	gone chan struct{} // closed by the reader
}

func (c *client) read(p *lobby.Person) {
	defer func() {
		close(c.gone)
		p.Leave()
		c.ws.Close()
	}()
	c.ws.SetReadLimit(maxMessage)
	c.ws.SetReadDeadline(time.Now().Add(pongWait))
	c.ws.SetPongHandler(func(string) error {
		return c.ws.SetReadDeadline(time.Now().Add(pongWait))
	})
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		p.Handle(data)
	}
}

func (c *client) write() {
	ticker := time.NewTicker(pingPeriod)
	defer ticker.Stop()
	for {
		f := frame{kind: websocket.PingMessage}
		select {
		case f = <-c.send:
		case <-ticker.C:
		case <-c.gone:
			return
		}
		c.ws.SetWriteDeadline(time.Now().Add(writeWait))
		if err := c.ws.WriteMessage(f.kind, f.data); err != nil || f.kind == websocket.CloseMessage {
			c.ws.Close()
			return
		}
	}
}

func (c *client) Send(data []byte) { c.queue(frame{websocket.TextMessage, data}) }

func (c *client) End(code int, reason string) {
	c.queue(frame{websocket.CloseMessage, websocket.FormatCloseMessage(code, reason)})
}

// queue hands f to the writer; a client that does not keep up is cut.
func (c *client) queue(f frame) {
	select {
	case c.send <- f:
	default:
		c.ws.Close()
	}
}
