package hostile

import (
	"fmt"
	"strings"
	"sync"

	"chatme/internal/testcard"

	"github.com/gorilla/websocket"
)

// Attacks with frames of 15 MiB.

// picture returns a real picture of 15 MiB, as a data URI.
var picture = sync.OnceValue(func() string { return testcard.URI(strings.Repeat("A", 15<<20)) })

// show sends the picture as message n.
func (m *member) show(n int) error {
	return m.say(fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"imageUrl":"`, m.partner, n), picture(), `"}`)
}

// showAll sends pictures until the socket ends, at most n, while it is read.
func (f *front) showAll(m *member, n int) {
	f.running.Go(func() { f.failed(m.listen()) })
	f.running.Go(func() {
		for i := range n {
			if m.show(i+1) != nil {
				return
			}
			f.count("pictures")
		}
	})
}

func pictures(f *front) {
	chats := f.couples(28)
	f.ready()
	for _, c := range chats {
		for _, m := range c {
			f.showAll(m, 100)
		}
	}
}

func halves(f *front) {
	chats := f.couples(16)
	f.ready()
	for _, c := range chats {
		for _, m := range c {
			f.running.Go(func() { f.failed(m.listen()) })
			f.running.Go(func() {
				text := fmt.Sprintf(`{"type":"message","partnerId":%q,"n":1,"imageUrl":"%s`, m.partner, picture())
				if m.raw(string(head(websocket.TextMessage, len(text)+2)), text[:len(text)/2]) == nil {
					f.count("halves")
				}
			})
		}
	}
}

func mailboxes(f *front) {
	chats := f.couples(72)
	for _, c := range chats {
		c[1].conn.Close()
	}
	f.ready()
	for _, c := range chats {
		f.showAll(c[0], 2)
	}
}
