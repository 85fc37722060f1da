// Command gws is a relay on lxzan/gws in the style of its examples: an event handler, a goroutine that reads for each
// connection, and writes in the goroutine that has something to send.
package main

import (
	"log"
	"net/http"
	"os"
	"time"

	"chatme/bench/peers/lobby"

	"github.com/lxzan/gws"
)

const (
	silence    = 60 * time.Second
	maxMessage = 16<<20 + 64<<10
	person     = "person"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: gws HOST:PORT; the key is WEB_API_KEY")
	}
	upgrader := gws.NewUpgrader(&handler{lobby: lobby.New(os.Getenv("WEB_API_KEY"))}, &gws.ServerOption{
		Recovery:           gws.Recovery,
		ReadMaxPayloadSize: maxMessage,
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		go socket.ReadLoop() // so that the request's memory is freed
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}

type handler struct{ lobby *lobby.Lobby }

func (h *handler) OnOpen(socket *gws.Conn) {
	socket.Session().Store(person, h.lobby.Join(sender{socket}))
	socket.SetDeadline(time.Now().Add(silence))
}

func (h *handler) OnClose(socket *gws.Conn, _ error) {
	if p, ok := of(socket); ok {
		p.Leave()
	}
}

func (h *handler) OnPing(socket *gws.Conn, payload []byte) {
	socket.SetDeadline(time.Now().Add(silence))
	socket.WritePong(payload)
}

func (h *handler) OnPong(*gws.Conn, []byte) {}

func (h *handler) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	socket.SetDeadline(time.Now().Add(silence))
	if p, ok := of(socket); ok {
		p.Handle(message.Bytes())
	}
}

func of(socket *gws.Conn) (*lobby.Person, bool) {
	value, ok := socket.Session().Load(person)
	if !ok {
		return nil, false
	}
	p, ok := value.(*lobby.Person)
	return p, ok
}

// sender writes in the calling goroutine, as the examples do.
type sender struct{ socket *gws.Conn }

func (s sender) Send(data []byte) { s.socket.WriteMessage(gws.OpcodeText, data) }

func (s sender) End(code int, reason string) { s.socket.WriteClose(uint16(code), []byte(reason)) }
