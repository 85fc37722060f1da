package server_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"chatme/internal/pace"

	"github.com/gorilla/websocket"
)

func photo(digit string) string { return photoOf(digit, photoBytes) }

func photoOf(digit string, n int) string { return "data:image/jpeg;base64," + strings.Repeat(digit, n) }

func (m *member) photo(n int, digit string) string {
	return fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"imageUrl":%q}`, m.partner, n, photo(digit))
}

func TestNextWhilePartnerOutboxIsFull(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := s.pair(t)
	s.stuffed(t, a, image(photo("1")))
	a.send(`{"type":"search"}`)
	a.expect("searching")
	s.stillStuffed(t)
	b.listens()
	if m := b.expect("message"); m.ImageURL != photo("1") {
		t.Error("the photo did not arrive whole")
	}
	b.expect("partner_disconnected")
}

func TestEndWhilePartnerOutboxIsFull(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := s.pair(t)
	s.stuffed(t, a, image(photo("1")))
	a.send(`{"type":"end_chat"}`)
	a.expect("chat_ended")
	a.expectClose(1000, "Chat ended")
	s.stillStuffed(t)
	b.listens()
	b.expect("message")
	b.expect("partner_disconnected")
}

func TestTypingAndPingWhilePartnerOutboxIsFull(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := s.pair(t)
	s.stuffed(t, a, image(photo("1")))
	a.send(text("and this is where"))
	a.send(`{"type":"typing_start"}`)
	a.quiet()
	ponged := false
	a.ws.SetPongHandler(func(data string) error { ponged = data == "there"; return nil })
	must(t, a.ws.WriteControl(websocket.PingMessage, []byte("there"), time.Now().Add(pace.Of(patience))))
	a.quiet()
	if !ponged {
		t.Error("a WebSocket ping was not answered")
	}
	s.stillStuffed(t)
	b.listens()
	b.expect("message")
	b.expect("message")
	b.expect("typing_start")
}

// Events that do not wait must not fill the outbox either: of typing events and acks the latest counts.
func TestTypingFloodDoesNotCutASlowReader(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := couple(t, s)
	s.stuffed(t, a.person, a.photo(1, "1"))
	const many = 200
	for n := 1; n <= many; n++ {
		a.send(`{"type":"typing_start"}`)
		b.says(n, "x") // b writes, and reads nothing
		a.hears(uint64(n), "x")
		a.acks(n)
		a.send(`{"type":"typing_stop"}`)
	}
	a.says(2, "after it")
	a.send(`{"type":"typing_start"}`)
	a.quiet()
	s.stillStuffed(t)
	b.listens()
	if m := b.expect("message"); m.N != 1 {
		t.Fatalf("received %+v, want the photo", m)
	}
	typing, delivered := "", uint64(0)
	for frames := 0; typing != "typing_start"; frames++ {
		m, err := b.next()
		must(t, err)
		switch m.Type {
		case "ack":
			delivered = m.Delivered
		case "message":
			if m.Text != "after it" {
				t.Errorf("received %q", m.Text)
			}
		default:
			typing = m.Type
		}
		if frames > 64 {
			t.Fatal("more events than an outbox holds")
		}
	}
	if delivered != many {
		t.Errorf("the last ack was for %d, want %d", delivered, many)
	}
}

// Messages of any size wait for room and no reader is cut off.
func TestMessagesWaitForRoom(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := couple(t, s)
	sizes := []int{100 << 10, 200 << 10, 250 << 10, 256 << 10, 300 << 10, 100, 1 << 20, 130 << 10, 100 << 10}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := range 40 {
			a.send(fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"imageUrl":%q}`, a.partner, n+1,
				"data:image/png;base64,"+strings.Repeat("A", sizes[n%len(sizes)])))
			a.send(`{"type":"typing_start"}`)
		}
	}()
	b.listens()
	for n := 1; n <= 40; {
		m, err := b.next()
		must(t, err)
		if m.Type != "message" {
			continue
		}
		if m.N != uint64(n) {
			t.Fatalf("message %d, want %d", m.N, n)
		}
		b.acks(n)
		n++
	}
	<-sent
}

// A client whose own outbox is full with a photo can still ping and press Next.
func TestNextWhileOwnOutboxIsFull(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := s.pair(t)
	s.stuffed(t, a, image(photo("1")))
	for range 10 {
		b.send(`{"type":"ping"}`)
	}
	b.send(`{"type":"search"}`)
	a.expect("partner_disconnected")
	s.stillStuffed(t)
}

// A client that gives up without a timely answer to its ping stays connected while it is sent a photo.
func TestPongBetweenFragments(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := s.pair(t)
	s.stuffed(t, a, image(photo("1")))
	for n := range 100 { // more than need be answered
		must(t, b.ws.WriteControl(websocket.PingMessage, fmt.Append(nil, n), time.Now().Add(pace.Of(patience))))
	}
	b.send(`{"type":"typing_start"}`)
	a.expect("typing_start") // so that the pings have been read
	s.stillStuffed(t)
	b.listens()
	var pongs []string
	b.ws.SetPongHandler(func(data string) error { pongs = append(pongs, data); return nil })
	b.ws.SetReadDeadline(time.Now().Add(pace.Of(patience)))
	_, r, err := b.ws.NextReader()
	must(t, err)
	n, err := io.CopyN(io.Discard, r, photoBytes) // not to its end
	if err != nil || len(pongs) == 0 || pongs[len(pongs)-1] != "99" {
		t.Errorf("%d bytes, %v; pongs %v, want only that of the latest ping", n, err, pongs)
	}
}
