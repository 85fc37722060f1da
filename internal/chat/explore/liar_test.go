package explore

import (
	"fmt"

	"chatme/internal/chat"
)

// lies is the number of different lies.
const lies = 8

// lie makes a false claim.
func (g *guest) lie(w *world, which int8) {
	switch which {
	case 0: // it claims more than was sent
		g.send(w, chat.Command{Op: chat.Ack, Partner: g.partner, Got: g.got + 1})
	case 1:
		g.send(w, chat.Command{Op: chat.Ack, Partner: g.partner, Got: g.got + 1000})
	case 2: // a number is left out
		g.speak(w, g.sent+2, "")
	case 3: // another body under a used number
		g.speak(w, 1, "")
	case 4: // a message of a previous chat
		if g.former != "" {
			g.speak(w, 1, g.former)
		}
	case 5: // a new number for every chat
		g.sent++
		g.copies = append(g.copies, "")
		g.speak(w, g.sent, "")
	case 6, 7: // at the next resume; the first time about a previous chat
		g.bend = uint64(2 + 5*(which-6))
	}
}

func (g *guest) speak(w *world, n uint64, to chat.Alias) {
	if to == "" {
		to = g.partner
	}
	g.words++
	text := fmt.Sprintf("%s%d>%s", g.name(), 1000+g.words, to)
	g.send(w, chat.Command{Op: chat.Send, Partner: to, N: n, Text: text})
}
